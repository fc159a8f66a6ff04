"""A price may not reach into a month that was invoiced with usage it would price: such a month keeps its prices.

Late usage is billed by pricing its whole month anew. If a price began, ended or changed within an invoiced month, one
late event would charge (or credit) the difference for everything that was invoiced at the old price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.usage.metering import UsedOn, days_with_usage
from invoicing.models import Invoice, PricingRule
from invoicing.pricing.rules import Rule, choose_rule
from organisations.models import Organisation

CODE = "PRICE_REACHES_BILLED_MONTH"
NAMED = 3
"""How many customers the refusal names; the others are counted."""

Days = tuple[date, date]
"""From the first day to the day after the last one."""


def lock_prices(*, to_change_them: bool) -> None:
    """A change of a price waits for invoices that are being issued, and issuing waits for a change of a price."""
    advisory_lock(LockSpace.PRICES, shared=not to_change_them)


def changed_days(old: PricingRule, new: PricingRule) -> list[tuple[PricingRule, Days]]:
    """The versions of a rule that begin, end or change on some days, with those days."""
    if any(getattr(old, name) != getattr(new, name) for name in _PRICING):
        return [(old, validity(old)), (new, validity(new))]
    starts = sorted([old.effective_from, new.effective_from])
    ends = sorted([old.effective_to or date.max, new.effective_to or date.max])
    return [(new, (first, after)) for first, after in (starts, ends) if first != after]


_PRICING = (
    "organisation_id", "metric_name", "unit", "currency", "dimensions",
    "model", "parameters", "pool", "free_units", "minimum", "maximum", "charge_at_zero",
)  # fmt: skip


def refuse_billed_months(changes: Iterable[tuple[PricingRule, Days]]) -> None:
    """Raises DomainError PRICE_REACHES_BILLED_MONTH, with the first day possible, if one of the rules prices usage of
    an invoiced month that the days touch. Call it with the prices locked."""
    reached = {each for rule, days in changes for each in _reached(rule, days)}
    if not reached:
        return
    possible = max(BillingPeriod.of(month).end for _organisation_id, month in reached)
    last_months: dict[UUID, date] = {}
    for organisation_id, month in sorted(reached, key=lambda each: each[1]):
        last_months[organisation_id] = month
    names = dict(Organisation.objects.filter(pk__in=last_months).values_list("pk", "name"))
    told = sorted(f"{names[pk]} for {month_text(month)}" for pk, month in last_months.items())
    others = len(told) - NAMED
    more = f" and {others} more {'customer' if others == 1 else 'customers'}" if others > 0 else ""
    raise DomainError(
        f"Usage that this price would change is invoiced already: {', '.join(told[:NAMED])}{more}. "
        f"The first day on which a price can begin, end or change is {day_text(possible)}. "
        "To bill an earlier month by another price, void its invoice (or credit it) first, and bill it anew.",
        code=CODE,
        details={
            "first_possible_day": possible.isoformat(),
            "invoiced": [
                {"organisation": str(pk), "period": str(BillingPeriod.of(month))} for pk, month in last_months.items()
            ],
        },
    )


def validity(rule: PricingRule) -> Days:
    return rule.effective_from, rule.effective_to or date.max


def _reached(rule: PricingRule, days: Days) -> set[tuple[UUID, date]]:
    """The months of customers in which the rule would price invoiced usage, as if the rule held on all their days. A
    version that covers only the end of a month counts too: its minimum applies to the whole month."""
    first, after = days
    start = BillingPeriod.of(first).start
    end = after if after == date.max else BillingPeriod.of(after - timedelta(days=1)).end
    if rule.as_rule().is_due_without_usage:  # it is on every invoice of the customer, also if nothing was used
        return {place for place in _invoiced(rule, start) if place[1] < end}
    used = _invoiced_usage(rule, start, end)
    rivals = _rivals(rule, {each.organisation_id for each in used})
    standing = replace(rule.as_rule(), effective_from=date.min, effective_to=None)
    found: set[tuple[UUID, date]] = set()
    for each in used:
        place = each.organisation_id, each.day.replace(day=1)
        if place not in found and choose_rule([standing, *rivals[each.organisation_id]], each) is standing:
            found.add(place)
    return found


def _invoiced(rule: PricingRule, start: date) -> list[tuple[UUID, date]]:
    """The invoiced months of the rule's customers, from a day on."""
    invoices = Invoice.objects.issued().filter(
        currency=rule.currency, organisation__currency=rule.currency, period_start__gte=start
    )
    if rule.organisation_id is not None:
        invoices = invoices.filter(organisation=rule.organisation_id)
    return list(invoices.order_by().values_list("organisation_id", "period_start").distinct())


def _invoiced_usage(rule: PricingRule, start: date, end: date) -> list[UsedOn]:
    metric = rule.metric_name, rule.unit
    return days_with_usage(metric=metric, counted_in=_invoiced(rule, start), first=start, after=end)


def _rivals(rule: PricingRule, organisation_ids: set[UUID]) -> dict[UUID, list[Rule]]:
    """The other prices of the metric, by customer, without the other versions of this price."""
    others = PricingRule.objects.filter(metric_name=rule.metric_name, unit=rule.unit, currency=rule.currency)
    own = rule.as_rule()
    rivals: defaultdict[UUID | None, list[Rule]] = defaultdict(list)
    for other in (found.as_rule() for found in others.exclude(pk=rule.pk)):
        if (other.organisation_id, other.key) != (own.organisation_id, own.key):
            rivals[other.organisation_id].append(other)
    return {pk: [*rivals[pk], *rivals[None]] for pk in organisation_ids}
