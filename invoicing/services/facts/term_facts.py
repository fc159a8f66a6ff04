"""Reads what many customers have agreed on beside prices, for one month: fees, minimums and discounts.

Each source takes as many queries for a thousand organisations as for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db.models import Count, DateField, Q, Sum
from django.db.models.functions import Cast, Coalesce, TruncMonth

from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod, local_date
from invoicing.computing.discounts import Discount as DiscountFact
from invoicing.computing.minimum_charges import ChargedElsewhere, MinimumFacts
from invoicing.computing.recurring_fees import Fee
from invoicing.computing.terms import Terms
from invoicing.lines import LineKind
from invoicing.models import (
    CreditNoteLine,
    Discount,
    DiscountRedemption,
    Invoice,
    InvoiceLine,
    MinimumCharge,
    RecurringFee,
)
from invoicing.pricing.month_facts import MonthFacts
from organisations.models import Organisation

Months = Mapping[UUID, MonthFacts]


def terms_of(organisations: Collection[Organisation], period: BillingPeriod, months: Months) -> dict[UUID, Terms]:
    """Fees, minimum and discounts of the month, by the organisation's id. `months` are the facts of the usage."""
    fees, discounts = _fees(organisations, period), _discounts(organisations, period, months)
    minimums = _minimums(organisations, months)
    return {
        each.pk: Terms(tuple(fees[each.pk]), minimums.get(each.pk), tuple(discounts[each.pk])) for each in organisations
    }


def _fees(organisations: Collection[Organisation], period: BillingPeriod) -> Mapping[UUID, list[Fee]]:
    rows = RecurringFee.objects.filter(organisation__in=organisations).during(period.start, period.end)
    found: defaultdict[UUID, list[Fee]] = defaultdict(list)
    for row in rows.select_related("project").order_by("effective_from", "created_at", "pk"):
        found[row.organisation_id].append(row.as_fee())
    return found


def _discounts(
    organisations: Collection[Organisation], period: BillingPeriod, months: Months
) -> Mapping[UUID, list[DiscountFact]]:
    """Of those added on the same first day, the one added earlier comes first."""
    rows = list(
        Discount.objects.filter(organisation__in=organisations)
        .during(period.start, period.end)
        .select_related("recurring_fee")
        .order_by("effective_from", "created_at", "pk")
    )
    used = DiscountRedemption.objects.filter(
        discount__in=rows, invoice__in=Invoice.objects.issued().billing()
    ).order_by()
    sums = (
        {
            pk: (times, amount)
            for pk, times, amount in used.values("discount")
            .annotate(times=Count("pk"), of=Sum("amount"))
            .values_list("discount", "times", "of")
        }
        if rows
        else {}
    )
    found: defaultdict[UUID, list[DiscountFact]] = defaultdict(list)
    for row in rows:
        times, amount = sums.get(row.pk, (0, ZERO))
        title = _metric_title(row, months[row.organisation_id])
        found[row.organisation_id].append(row.as_fact(metric_title=title, used_times=times, used_amount=amount))
    return found


def _metric_title(row: Discount, month: MonthFacts) -> str:
    words = month.words.get((row.metric_name, row.unit))
    return words.title if words else row.metric_name


def _minimums(organisations: Collection[Organisation], months: Months) -> dict[UUID, MinimumFacts]:
    billed = {each.pk: _billed_months(months[each.pk]) for each in organisations}
    if not billed:
        return {}
    first = min(month.start for of_one in billed.values() for month in of_one)
    after = max(month.end for of_one in billed.values() for month in of_one)
    own, shared = _by_owner(organisations, first, after)
    reached = {}
    for each in organisations:
        rows = [
            row
            for row in (*own[each.pk], *shared[each.currency])
            if row.currency == each.currency and any(_reaches(row, month) for month in billed[each.pk])
        ]
        if rows:
            reached[each.pk] = rows
    owing = [each for each in organisations if each.pk in reached]
    elsewhere = _charged_elsewhere(owing, months, billed)
    return {
        each.pk: MinimumFacts(
            minimums=tuple(row.as_minimum() for row in reached[each.pk]),
            customer_since=local_date(each.created_at, each.zone),
            is_active=each.is_active,
            elsewhere=elsewhere[each.pk],
        )
        for each in owing
    }


def _billed_months(month: MonthFacts) -> list[BillingPeriod]:
    return sorted({month.period, *(each.month for each in month.months)})


def _reaches(row: MinimumCharge, month: BillingPeriod) -> bool:
    return row.effective_from < month.end and (row.effective_to is None or row.effective_to > month.start)


def _by_owner(
    organisations: Collection[Organisation], first: date, after: date
) -> tuple[Mapping[UUID, list[MinimumCharge]], Mapping[str, list[MinimumCharge]]]:
    """The customers' own minimums, and the global ones by currency."""
    shared_too = Q(organisation__isnull=True, currency__in={each.currency for each in organisations})
    rows = MinimumCharge.objects.filter(Q(organisation__in=organisations) | shared_too).during(first, after)
    own: defaultdict[UUID, list[MinimumCharge]] = defaultdict(list)
    shared: defaultdict[str, list[MinimumCharge]] = defaultdict(list)
    for row in rows.order_by("effective_from", "pk"):
        if row.organisation_id is None:
            shared[row.currency].append(row)
        else:
            own[row.organisation_id].append(row)
    return own, shared


Elsewhere = defaultdict[UUID, dict[date, ChargedElsewhere]]


def _charged_elsewhere(
    organisations: Collection[Organisation], months: Months, billed: Mapping[UUID, list[BillingPeriod]]
) -> Elsewhere:
    """What live invoices of other periods charge for the months, before discounts. Only later ones charge for a month;
    so customers without late usage, who are most, are asked for apart: for them hardly any rows are read."""
    found: Elsewhere = defaultdict(dict)
    late = [each for each in organisations if len(billed[each.pk]) > 1]
    for some in (late, [each for each in organisations if len(billed[each.pk]) == 1]):
        if some:
            _add_charged(
                found, some, {month.start for each in some for month in billed[each.pk]}, months[some[0].pk].period
            )
    return found


def _add_charged(
    found: Elsewhere, organisations: Iterable[Organisation], firsts: Collection[date], period: BillingPeriod
) -> None:
    lines = (
        InvoiceLine.objects.filter(
            invoice__in=Invoice.objects.billing(),
            invoice__organisation__in=organisations,
            invoice__period_start__gte=min(firsts),
            kind__in=[LineKind.USAGE, LineKind.LATE_USAGE, LineKind.RECURRING, LineKind.MINIMUM],
        )
        .exclude(invoice__period_start=period.start)
        .annotate(month=Coalesce("used_in", Cast(TruncMonth("service_start"), DateField())))
        .filter(month__in=firsts)
        .order_by()
    )
    is_minimum = Q(kind=LineKind.MINIMUM)
    sums = lines.values("invoice__organisation", "month").annotate(
        charged=Sum("amount", filter=~is_minimum, default=ZERO), minimum=Sum("amount", filter=is_minimum, default=ZERO)
    )
    for organisation_id, month, charged, minimum in sums.values_list(
        "invoice__organisation", "month", "charged", "minimum"
    ):
        found[organisation_id][month] = ChargedElsewhere(charged, minimum)
    _take_off_corrections(found, organisations, firsts, period)
    own = Invoice.objects.billing().filter(organisation__in=organisations, period_start__in=firsts)
    for organisation_id, month in own.exclude(period_start=period.start).values_list("organisation", "period_start"):
        before = found[organisation_id].get(month, ChargedElsewhere())
        found[organisation_id][month] = ChargedElsewhere(before.usage_and_fees, before.minimum, has_own_invoice=True)


def _take_off_corrections(
    found: Elsewhere, organisations: Iterable[Organisation], firsts: Collection[date], period: BillingPeriod
) -> None:
    """Less is charged where a credit note gave back a correction of usage, as `month_facts` has it."""
    notes = (
        CreditNoteLine.objects.filter(
            credit_note__organisation__in=organisations,
            credit_note__invoice__is_released=False,
            invoice_line__used_in__in=firsts,
            usage_amount__isnull=False,
        )
        .exclude(credit_note__invoice__period_start=period.start)
        .order_by()
        .values_list("credit_note__organisation", "invoice_line__used_in")
        .annotate(given_back=Sum("usage_amount"))
    )
    for organisation_id, month, given_back in notes:
        before = found[organisation_id].get(month, ChargedElsewhere())
        found[organisation_id][month] = replace(before, usage_and_fees=before.usage_and_fees - given_back)
