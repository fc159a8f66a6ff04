"""A price may not bill what was written off: somebody decided that, and has to take it back first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from events.selectors.conversions import conversions_of
from events.usage.conversion import converted
from events.usage.metering import Asked, metered
from invoicing.models import PricingRule, UsageWriteOff
from invoicing.pricing.rules import Rule, RulesOfMonth
from invoicing.services.prices.price_surroundings import Place, Surroundings

CODE = "USAGE_WRITTEN_OFF"
NAMED = 3


def refuse_written_off(rule: PricingRule, months: tuple[date, date], around: Surroundings) -> None:
    """Raises DomainError USAGE_WRITTEN_OFF, with the way out, if the rule leaves less of a month's usage without a
    price than was written off. `months` are their first day and the day after the last; `around` knows the others."""
    start, end = months
    written_off: defaultdict[Place, list[UsageWriteOff]] = defaultdict(list)
    for each in around.written_off(rule):
        if start <= each.month < end:
            written_off[each.organisation_id, each.month].append(each)
    if written_off and (billed := list(_billed(rule, written_off, around))):
        _refuse(billed)


def _billed(
    rule: PricingRule, written_off: dict[Place, list[UsageWriteOff]], around: Surroundings
) -> Iterator[UsageWriteOff]:
    """The first write-off of each month that the rule prices usage of, and that has less without a price than was
    written off."""
    owners = {rows[0].organisation_id: rows[0].organisation for rows in written_off.values()}
    counting: defaultdict[UUID, list[BillingPeriod]] = defaultdict(list)
    for pk, start in around.months_counted(owners, min(month for _pk, month in written_off)):
        counting[pk].append(BillingPeriod.of(start))
    asked = [Asked(owners[pk], tuple(counting[pk]), BillingPeriod.of(month)) for pk, month in written_off]
    conversions = conversions_of(list(owners.values()))
    for (place, decided), usage in zip(written_off.items(), metered(asked), strict=True):
        month, currency = BillingPeriod.of(place[1]), around.currency(place[0])
        rules = RulesOfMonth(_with(rule, place[0], around), month, currency)
        rows = [row for row in usage if row.metric == (rule.metric_name, rule.unit)]
        priced_by_it, events, quantity = False, 0, ZERO
        for row in converted(rows, conversions[place[0]]):
            chosen = rules.choose(row)
            priced_by_it |= chosen is not None and chosen.id == rule.pk
            if chosen is None:
                events, quantity = events + row.event_count, quantity + row.quantity
        if priced_by_it and _is_less(events, quantity, decided):
            yield decided[0]


def _with(rule: PricingRule, customer: UUID, around: Surroundings) -> list[Rule]:
    """The customer's prices of the metric, with the rule as it is to be."""
    others = [other for other in around.rules(rule, customer) if other.id != rule.pk]
    fits = rule.may_be_exchanged or rule.currency == around.currency(customer)
    return [*others, rule.as_rule()] if fits else others


def _is_less(events: int, quantity: Decimal, decided: Sequence[UsageWriteOff]) -> bool:
    return events < sum(each.event_count for each in decided) or quantity < sum(
        (each.quantity for each in decided), ZERO
    )


def _refuse(billed: Sequence[UsageWriteOff]) -> None:
    told = [f"{each.organisation.name} for {month_text(each.month)}" for each in billed]
    others = len(told) - NAMED
    more = f" and {others} more" if others > 0 else ""
    raise DomainError(
        f"Usage that this price would bill was written off: {', '.join(told[:NAMED])}{more}. Take the write-off back "
        "first (Revenue leak, Written off), or let the price begin after the month.",
        code=CODE,
        details={"written_off": [str(each.pk) for each in billed]},
    )
