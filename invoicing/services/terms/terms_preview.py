"""What a fee, a minimum or a discount would change on the next invoices: nothing here is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from billing_platform.lib import clock
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod, local_date
from invoicing.computing.invoice import compute
from invoicing.computing.minimum_charges import MinimumFacts
from invoicing.computing.terms import Terms
from invoicing.lines import Line, LineKind
from invoicing.models import Discount, Invoice, InvoiceLine, MinimumCharge, RecurringFee
from invoicing.services.facts.invoice_facts import month_facts
from invoicing.totals import minimum_top_up
from organisations.models import Organisation

MONTHS_SHOWN = 2
Change = Callable[[Terms], Terms]


@dataclass(frozen=True, slots=True)
class MonthPreview:
    """A month's invoice with and without the row: the lines that differ, and the value before tax. `is_over` is false
    while more usage may come."""

    period: BillingPeriod
    currency: str
    is_over: bool
    lines: tuple[Line, ...]
    without: Decimal
    with_it: Decimal


@dataclass(frozen=True, slots=True)
class GlobalEffect:
    """What a global minimum would have added to an ended month: how many customers it is for, how many of them would
    have paid a top-up, and how much together, before discounts and tax."""

    period: BillingPeriod
    customers: int
    topped_up: int
    together: Decimal


def preview_fee(fee: RecurringFee) -> list[MonthPreview]:
    fact = fee.as_fee()

    def changed(terms: Terms) -> Terms:
        return replace(terms, fees=(*(each for each in terms.fees if each.id != fee.pk), fact))

    return _preview(fee.organisation, fee.effective_from, fee.effective_to, changed, fee.pk)


def preview_discount(discount: Discount) -> list[MonthPreview]:
    def changed(terms: Terms) -> Terms:
        known = next((each for each in terms.discounts if each.id == discount.pk), None)
        fact = discount.as_fact(
            metric_title=discount.metric_name,
            used_times=known.used_times if known else 0,
            used_amount=known.used_amount if known else ZERO,
        )
        return replace(terms, discounts=(*(each for each in terms.discounts if each.id != discount.pk), fact))

    return _preview(discount.organisation, discount.effective_from, discount.effective_to, changed, discount.pk)


def preview_own_minimum(minimum: MinimumCharge) -> list[MonthPreview]:
    """Of a customer's own minimum."""
    organisation = minimum.organisation
    if organisation is None:
        raise ValueError("A global minimum has no customer of its own.")
    since = local_date(organisation.created_at, organisation.zone)

    def changed(terms: Terms) -> Terms:
        facts = terms.minimum or MinimumFacts((), since, organisation.is_active)
        others = tuple(each for each in facts.minimums if each.id != minimum.pk)
        return replace(terms, minimum=replace(facts, minimums=(*others, minimum.as_minimum())))

    return _preview(organisation, minimum.effective_from, minimum.effective_to, changed, minimum.pk)


def preview_global_minimum(minimum: MinimumCharge) -> GlobalEffect:
    """Of a global minimum: on the month that ended last, as it was invoiced."""
    period = BillingPeriod.of(clock.now().date()).previous()
    own = MinimumCharge.objects.filter(organisation__isnull=False, currency=minimum.currency)
    own_then = own.during(period.start, period.end).values("organisation")
    customers = Organisation.objects.filter(is_active=True, currency=minimum.currency).exclude(pk__in=own_then)
    lines = InvoiceLine.objects.filter(
        invoice__in=Invoice.objects.billing().filter(period_start=period.start, organisation__in=customers)
    )
    counted = Q(kind=LineKind.RECURRING) | Q(kind=LineKind.USAGE)
    sums = lines.filter(counted).order_by().values_list("invoice__organisation").annotate(Sum("amount"))
    charged: dict[UUID, Decimal] = dict(sums)
    missing = [minimum_top_up(charged.get(pk, ZERO), minimum.amount) for pk in customers.values_list("pk", flat=True)]
    return GlobalEffect(period, len(missing), sum(1 for each in missing if each), sum(missing, ZERO))


def _preview(
    organisation: Organisation, first: date, after: date | None, changed: Change, pk: UUID
) -> list[MonthPreview]:
    """The next invoices that the row may be on: not those that are issued."""
    issued = Invoice.objects.issued().billing().filter(organisation=organisation, period_start__isnull=False)
    last = issued.order_by("-period_start").first()
    start = max(first, last.period_end) if last is not None else first
    found = []
    period = BillingPeriod.of(start)
    for _ in range(MONTHS_SHOWN):
        if after is not None and period.start >= after:
            break
        found.append(_of_month(organisation, period, changed, pk))
        period = period.next()
    return found


def _of_month(organisation: Organisation, period: BillingPeriod, changed: Change, pk: UUID) -> MonthPreview:
    facts = month_facts(organisation=organisation, period=period)
    terms = facts.terms
    without = compute(replace(facts, terms=_without(terms, pk)))
    with_it = compute(replace(facts, terms=changed(terms)))
    before = {(line.description, line.amount): line.discount for line in without.lines}
    is_discount = any(each.id == pk for each in changed(Terms()).discounts)
    return MonthPreview(
        period=period,
        currency=facts.currency,
        is_over=period.bounds(organisation.zone)[1] <= clock.now(),
        lines=tuple(line for line in with_it.lines if _differs(line, before, by_discount=is_discount)),
        without=_value(without.lines),
        with_it=_value(with_it.lines),
    )


def _without(terms: Terms, pk: UUID) -> Terms:
    """The terms as if the row were not there."""
    minimum = terms.minimum
    if minimum is not None:
        minimum = replace(minimum, minimums=tuple(each for each in minimum.minimums if each.id != pk))
    return Terms(
        tuple(each for each in terms.fees if each.id != pk),
        minimum,
        tuple(each for each in terms.discounts if each.id != pk),
    )


def _differs(line: Line, before: dict[tuple[str, Decimal], Decimal], *, by_discount: bool) -> bool:
    """Whether the row makes the line what it is. A fee changes the paise of other lines' discounts too: that is left
    out."""
    known = before.get((line.description, line.amount))
    return known is None or (by_discount and known != line.discount)


def _value(lines: Iterable[Line]) -> Decimal:
    return sum((line.discounted_amount for line in lines), ZERO)
