"""Reads what a change of prices is simulated with: closed months of many customers, month by month of use.

Each source takes as many queries for a thousand customers as for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db.models import Count, Sum

from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.periods import BillingPeriod
from events.models import UsagePeriod
from events.selectors.conversions import words_and_conversions
from events.usage.metered import MeteredUsage
from events.usage.metering import Asked, metered
from invoicing.computing.simulation import MonthOfUse, Redeemed
from invoicing.models import DiscountRedemption, Invoice
from invoicing.pricing.month_facts import MonthFacts, UsedMonth
from invoicing.pricing.rules import Rule
from invoicing.services.facts.month_facts import Place, RuleBook, first_events_of, words_of
from invoicing.services.facts.rate_facts import rates_of_months
from invoicing.services.facts.term_facts import terms_of
from organisations.models import Organisation

Drafts = Mapping[UUID, Sequence[Rule]]
"""The draft prices that are for a customer, by the customer's id."""


def months_of_use(
    organisations: Collection[Organisation], periods: Sequence[BillingPeriod], drafts: Drafts
) -> tuple[dict[UUID, list[MonthOfUse]], dict[UUID, dict[UUID, Redeemed]]]:
    """The closed months of each customer among some that follow each other, oldest first; and what its discounts gave
    before the first of them. Prices in other currencies are exchanged for the drafts, too."""
    by_id = {each.pk: each for each in organisations}
    with consistent_read():
        closed = _closed_months(by_id, periods[0].start)
        months = _month_facts(by_id, closed, periods, drafts)
        redeemed = _redeemed_before(by_id, periods[0].start)
        found: dict[UUID, list[MonthOfUse]] = {pk: [] for pk in by_id}
        for period in periods:
            facts = {pk: month for (pk, of), month in months.items() if of == period}
            terms = terms_of([by_id[pk] for pk in facts], period, facts) if facts else {}
            for pk, month in facts.items():
                found[pk].append(MonthOfUse(month, terms[pk]))
    return found, redeemed


def _closed_months(by_id: Collection[UUID], first: date) -> dict[UUID, list[BillingPeriod]]:
    rows = UsagePeriod.objects.filter(organisation__in=by_id, month__gte=first, closed_at__isnull=False)
    found: defaultdict[UUID, list[BillingPeriod]] = defaultdict(list)
    for pk, month in rows.order_by("month").values_list("organisation_id", "month"):
        found[pk].append(BillingPeriod.of(month))
    return found


def _month_facts(
    by_id: Mapping[UUID, Organisation],
    closed: Mapping[UUID, list[BillingPeriod]],
    periods: Sequence[BillingPeriod],
    drafts: Drafts,
) -> dict[Place, MonthFacts]:
    """Also of months without usage: a price, a fee or a minimum may be due all the same."""
    organisations = [by_id[pk] for pk in closed]
    rules = RuleBook(organisations, set(periods))
    usage = _usage(organisations, closed)
    months = {
        (each.pk, period): UsedMonth(period, tuple(usage.get((each.pk, period), ())), rules.of(each, period))
        for each in organisations
        for period in periods
        if period in closed[each.pk]
    }
    # what is read for the prices in force and for the drafts is read at once
    both = {place: replace(used, rules=(*drafts.get(place[0], ()), *used.rules)) for place, used in months.items()}
    if rules.exchanges or any(rule.currency != by_id[pk].currency for pk in closed for rule in drafts.get(pk, ())):
        rates = rates_of_months(by_id, {place: used.rules for place, used in both.items()}, None)
        months |= {place: replace(months[place], rates=found, rates_of=day) for place, (day, found) in rates.items()}
    counted_in = {(pk, month): tuple(each for each in closed[pk] if each >= month) for pk, month in months}
    first = first_events_of(by_id, both, counted_in)
    books, conversions = words_and_conversions(organisations)
    return {
        (pk, month): MonthFacts(
            month,
            by_id[pk].currency,
            (replace(used, first_events=first.get((pk, month), {})),),
            words_of(books[pk], [both[pk, month]]),
            conversions[pk],
        )
        for (pk, month), used in months.items()
    }


def _usage(
    organisations: Iterable[Organisation], closed: Mapping[UUID, list[BillingPeriod]]
) -> dict[Place, list[MeteredUsage]]:
    """What closed months count, by the month in which it happened."""
    asked = [Asked(each, tuple(closed[each.pk])) for each in organisations]
    found: defaultdict[Place, list[MeteredUsage]] = defaultdict(list)
    for question, rows in zip(asked, metered(asked), strict=True):
        for row in rows:
            found[question.organisation.pk, row.used_in].append(row)
    return found


def _redeemed_before(by_id: Collection[UUID], first: date) -> dict[UUID, dict[UUID, Redeemed]]:
    rows = DiscountRedemption.objects.filter(
        discount__organisation__in=by_id,
        invoice__in=Invoice.objects.issued().billing(),
        invoice__period_start__lt=first,
    ).order_by()
    sums = rows.values("discount__organisation", "discount").annotate(times=Count("pk"), of=Sum("amount"))
    found: defaultdict[UUID, dict[UUID, Redeemed]] = defaultdict(dict)
    for pk, discount, times, amount in sums.values_list("discount__organisation", "discount", "times", "of"):
        found[pk][discount] = Redeemed(times, amount)
    return found
