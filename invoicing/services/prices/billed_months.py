"""A price may not reach into a month that was invoiced with usage it would price: such a month keeps its prices.

Late usage is billed by pricing its whole month anew. If a price began, ended or changed within an invoiced month, one
late event would charge (or credit) the difference for everything that was invoiced at the old price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NoReturn
from uuid import UUID

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.usage.metering import UsedOn
from invoicing.computing.days import Days, days_of, moved_days
from invoicing.models import Invoice, LatePrice, PricingRule
from invoicing.pricing.rules import Rule, choose_rule
from invoicing.services.prices.price_surroundings import Place, Surroundings
from invoicing.services.prices.written_off import refuse_written_off
from organisations.models import Organisation

_A_DAY = timedelta(days=1)
CODE = "PRICE_REACHES_BILLED_MONTH"
NAMED = 3
"""How many customers the refusal names; the others are counted."""


def lock_prices(*, to_change_them: bool) -> None:
    """A change of a price waits for invoices that are being issued, and issuing waits for a change of a price."""
    advisory_lock(LockSpace.PRICES, shared=not to_change_them)


def changed_days(old: PricingRule, new: PricingRule) -> list[tuple[PricingRule, Days]]:
    """The versions of a rule that begin, end or change on some days, with those days."""
    if any(getattr(old, name) != getattr(new, name) for name in _PRICING):
        return [(old, days_of(old)), (new, days_of(new))]
    return [(new, days) for days in moved_days(days_of(old), days_of(new))]


_PRICING = (
    "organisation_id", "metric_name", "unit", "currency", "dimensions",
    "model", "parameters", "pool", "free_units", "minimum", "maximum", "charge_at_zero", "may_be_exchanged",
)  # fmt: skip


def refuse_billed_months(changes: Iterable[tuple[PricingRule, Days]], *, around: Surroundings | None = None) -> None:
    """Raises DomainError PRICE_REACHES_BILLED_MONTH, with the first day possible, if one of the rules prices usage of
    an invoiced month that the days touch. Call it with the prices locked. `around`: what was read for a whole list.

    A price that came late may be changed, or deleted, until an issued invoice charges by it; but it may not take over
    usage that has another price, nor leave its own to one: the one would be billed twice, the other never. A price that
    would bill what was written off is refused in any month: USAGE_WRITTEN_OFF.
    """
    changes = list(changes)
    around = around or Surroundings.of(rule for rule, _days in changes)
    for rule, days in changes:
        refuse_written_off(rule, _whole_months(days), around)
    versions: defaultdict[UUID, list[PricingRule]] = defaultdict(list)
    for rule, _days in changes:
        versions[rule.pk].append(rule)
    reached: set[Place] = set()
    for rule, days in changes:
        for place, used in _reached(rule, days, around).items():
            is_late = place in around.charged_late(rule)
            if not (is_late and (_prices_the_same(versions[rule.pk]) or _is_without_price(rule, place, used, around))):
                reached.add(place)
    if reached:
        _refuse(reached)


def _prices_the_same(versions: Sequence[PricingRule]) -> bool:
    """Whether a change leaves what a rule prices as it was: it changes only the amounts."""
    rules = [version.as_rule() for version in versions]
    reached = {(_price_of(rule), days_of(version)) for rule, version in zip(rules, versions, strict=True)}
    return len(rules) > 1 == len(reached) and not any(rule.is_due_without_usage for rule in rules)


def bill_late(rule: PricingRule) -> None:
    """Lets the next invoices charge what a new rule prices in invoiced months, if it had no price there.

    Call it with the prices locked and the rule stored. Raises DomainError PRICE_REACHES_BILLED_MONTH, as
    `refuse_billed_months` does, of months in which it would price usage that has a price, or that is due without usage:
    of these, the next late usage would charge (or credit) a difference that nobody used. Raises USAGE_WRITTEN_OFF.
    """
    around, days = Surroundings.of([rule]), days_of(rule)
    refuse_written_off(rule, _whole_months(days), around)
    reached = _reached(rule, days, around)
    priced = {place for place, used in reached.items() if not _is_without_price(rule, place, used, around)}
    if priced:
        _refuse(priced)
    LatePrice.objects.bulk_create(
        [LatePrice(organisation_id=pk, month=month, pricing_rule=rule) for pk, month in sorted(reached)]
    )


def _is_without_price(rule: PricingRule, place: Place, used: Sequence[UsedOn], around: Surroundings) -> bool:
    """Whether there is usage, and no other rule than this one prices any of it."""
    others = [other for other in around.rules(rule, place[0]) if other.id != rule.pk]
    currency = around.currency(place[0])
    return bool(used) and all(choose_rule(others, each, currency) is None for each in used)


def _refuse(reached: set[Place]) -> NoReturn:
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


def open_months(
    changes: Iterable[tuple[PricingRule, Days]], *, today: date, around: Surroundings | None = None
) -> tuple[OpenMonth, ...]:
    """What a change of prices would price anew, of usage before today that is not invoiced yet: by month and
    customer. Ask before the change is saved. `around` is what was read for a whole list."""
    changes = list(changes)
    around = around or Surroundings.of(rule for rule, _days in changes)
    had: defaultdict[Place, bool] = defaultdict(bool)
    for rule, (first, after) in changes:
        past = first, min(after, today)
        if first >= today:
            continue
        used = around.used(rule, *past, around.months_open(rule, past[0]))
        for place, days in _priced_by(rule, used, around).items():
            rivals, currency = around.rules(rule, place[0]), around.currency(place[0])
            had[place] |= any(choose_rule(rivals, day, currency) is not None for day in days)
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


def _whole_months(days: Days) -> Days:
    first, after = days
    return BillingPeriod.of(first).start, after if after == date.max else BillingPeriod.of(after - _A_DAY).end


def _reached(rule: PricingRule, days: Days, around: Surroundings) -> dict[Place, list[UsedOn]]:
    """The months of customers in which the rule would price invoiced usage, as if the rule held on all their days, with
    that usage. A version that covers only the end of a month counts too: its minimum applies to the whole month."""
    start, end = _whole_months(days)
    invoiced = around.months_invoiced(rule, start)
    if rule.as_rule().is_due_without_usage:  # it is on every invoice of the customer, also if nothing was used
        return {place: [] for place in invoiced if place[1] < end}
    return _priced_by(rule, around.used(rule, start, end, invoiced), around)


def _priced_by(rule: PricingRule, used: Iterable[UsedOn], around: Surroundings) -> dict[Place, list[UsedOn]]:
    """What of the usage the rule would price if it held on all days, by customer and month used in."""
    own = rule.as_rule()
    standing = replace(own, effective_from=date.min, effective_to=None)
    rivals: dict[UUID, list[Rule]] = {}
    found: defaultdict[Place, list[UsedOn]] = defaultdict(list)
    for each in used:
        customer = each.organisation_id
        if customer not in rivals:
            rivals[customer] = [other for other in around.rules(rule, customer) if not _same_price(other, own)]
        if choose_rule([standing, *rivals[customer]], each, around.currency(customer)) is standing:
            found[customer, each.day.replace(day=1)].append(each)
    return dict(found)


def _same_price(one: Rule, other: Rule) -> bool:
    """Whether two rules are versions of one price, or one and the same rule."""
    return one.id == other.id or _price_of(one) == _price_of(other)


def _price_of(rule: Rule) -> tuple[Any, ...]:
    return rule.organisation_id, rule.currency, rule.key
