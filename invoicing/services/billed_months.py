"""A price may not reach into a month that was invoiced with usage it would price: such a month keeps its prices.

Late usage is billed by pricing its whole month anew. If a price began, ended or changed within an invoiced month, one
late event would charge (or credit) the difference for everything that was invoiced at the old price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import UsagePeriod
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
    raise DomainError(
        f"Usage that this price would change is invoiced already: {invoiced_in_words(last_months)}. "
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


@dataclass(frozen=True, slots=True)
class OpenMonth:
    """A month of a customer that is not invoiced yet, and whose usage a change of prices would price anew.

    `had_a_price` is false where no usage of the metric on the changed days had a price so far. `draft` is the month's.
    """

    organisation: Organisation
    month: date
    had_a_price: bool
    draft: Invoice | None

    def __str__(self) -> str:
        return f"{self.organisation.name} for {month_text(self.month)}"


def open_months(changes: Iterable[tuple[PricingRule, Days]], *, today: date) -> tuple[OpenMonth, ...]:
    """What a change of prices would price anew, of usage before today that is not invoiced yet: by month and
    customer. Ask before the change is saved."""
    had: defaultdict[tuple[UUID, date], bool] = defaultdict(bool)
    for rule, (first, after) in changes:
        past = first, min(after, today)
        if first >= today:
            continue
        stored = _rules_for(rule)
        for place, used in _priced_by(rule, past, _months_open(rule, past)).items():
            had[place] |= any(choose_rule([*stored[place[0]], *stored[None]], day) is not None for day in used)
    customers = Organisation.objects.in_bulk({organisation_id for organisation_id, _month in had})
    drafts = {
        (draft.organisation_id, draft.period_start): draft
        for draft in Invoice.objects.filter(
            organisation__in=customers, status=Invoice.Status.DRAFT, period_start__in={month for _pk, month in had}
        )
    }
    found = (OpenMonth(customers[pk], month, told, drafts.get((pk, month))) for (pk, month), told in had.items())
    return tuple(sorted(found, key=lambda each: (each.month, each.organisation.name)))


def invoiced_in_words(last_months: Mapping[UUID, date]) -> str:
    """Some of the customers, each with the last month that was invoiced, and how many more there are."""
    names = dict(Organisation.objects.filter(pk__in=last_months).values_list("pk", "name"))
    told = sorted(f"{names[pk]} for {month_text(month)}" for pk, month in last_months.items())
    others = len(told) - NAMED
    more = f" and {others} more {'customer' if others == 1 else 'customers'}" if others > 0 else ""
    return f"{', '.join(told[:NAMED])}{more}"


def validity(rule: PricingRule) -> Days:
    return rule.effective_from, rule.effective_to or date.max


def _reached(rule: PricingRule, days: Days) -> set[tuple[UUID, date]]:
    """The months of customers in which the rule would price invoiced usage, as if the rule held on all their days. A
    version that covers only the end of a month counts too: its minimum applies to the whole month."""
    first, after = days
    end = after if after == date.max else BillingPeriod.of(after - timedelta(days=1)).end
    months = BillingPeriod.of(first).start, end
    if rule.as_rule().is_due_without_usage:  # it is on every invoice of the customer, also if nothing was used
        return {place for place in _months_invoiced(rule, months) if place[1] < end}
    return {*_priced_by(rule, months, _months_invoiced(rule, months))}


def _priced_by(
    rule: PricingRule, days: Days, counted_in: list[tuple[UUID, date]]
) -> dict[tuple[UUID, date], list[UsedOn]]:
    """The usage on the days that the rule would price if it held on all of them, by customer and month used in; of
    what the given months of customers count."""
    first, after = days
    used = days_with_usage(metric=(rule.metric_name, rule.unit), counted_in=counted_in, first=first, after=after)
    others, own = _rules_for(rule), rule.as_rule()
    standing = replace(own, effective_from=date.min, effective_to=None)
    rivals = {pk: [each for each in found if not _same_price(each, own)] for pk, found in others.items()}
    found: defaultdict[tuple[UUID, date], list[UsedOn]] = defaultdict(list)
    for each in used:
        competing = [standing, *rivals.get(each.organisation_id, ()), *rivals.get(None, ())]
        if choose_rule(competing, each) is standing:
            found[each.organisation_id, each.day.replace(day=1)].append(each)
    return dict(found)


def _months_invoiced(rule: PricingRule, months: Days) -> list[tuple[UUID, date]]:
    invoices = (
        Invoice.objects.issued()
        .billing()
        .filter(currency=rule.currency, organisation__currency=rule.currency, period_start__gte=months[0])
    )
    return list(_of_customers(rule, invoices).values_list("organisation_id", "period_start").distinct())


def _months_open(rule: PricingRule, days: Days) -> list[tuple[UUID, date]]:
    """The months that may count usage of these days and have no issued invoice."""
    invoiced = {*_of_customers(rule, Invoice.objects.issued().billing()).values_list("organisation_id", "period_start")}
    months = UsagePeriod.objects.filter(
        organisation__currency=rule.currency, month__gte=BillingPeriod.of(days[0]).start
    )
    found = _of_customers(rule, months).values_list("organisation_id", "month")
    return [place for place in found if place not in invoiced]


def _of_customers(rule: PricingRule, rows: Any) -> Any:
    """The rows of the customers for whom the rule is."""
    rows = rows.order_by()
    return rows if rule.organisation_id is None else rows.filter(organisation=rule.organisation_id)


def _rules_for(rule: PricingRule) -> defaultdict[UUID | None, list[Rule]]:
    """The stored prices of the rule's metric, by customer; None holds the global ones."""
    stored = PricingRule.objects.filter(metric_name=rule.metric_name, unit=rule.unit, currency=rule.currency)
    found: defaultdict[UUID | None, list[Rule]] = defaultdict(list)
    for each in stored:
        found[each.organisation_id].append(each.as_rule())
    return found


def _same_price(one: Rule, other: Rule) -> bool:
    """Whether two rules are versions of one price, or one and the same rule."""
    return one.id == other.id or (one.organisation_id, one.key) == (other.organisation_id, other.key)
