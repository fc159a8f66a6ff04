"""Minimum charges: what is missing to the amount that a customer's month costs at least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, short_text
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.days import Days, count, span_text
from invoicing.lines import Line, LineKind
from invoicing.pricing.month_facts import MonthFacts
from invoicing.steps import Step
from invoicing.totals import minimum_top_up, prorate


@dataclass(frozen=True, slots=True)
class Minimum:
    """The least amount of a whole month, before discounts and tax. A customer's own one (`is_own`) replaces the global
    one on its days."""

    id: UUID
    amount: Decimal
    effective_from: date
    effective_to: date | None = None
    is_own: bool = False
    sac: str = ""


@dataclass(frozen=True, slots=True)
class ChargedElsewhere:
    """What live invoices of other periods charge for one month, before discounts and tax: for its usage and fees, and
    for its minimum. `has_own_invoice`: the month's own invoice is among them."""

    usage_and_fees: Decimal = ZERO
    minimum: Decimal = ZERO
    has_own_invoice: bool = False


@dataclass(frozen=True, slots=True)
class MinimumFacts:
    """The minimums that reach the month being billed or an earlier month whose usage came late.

    The global minimum is due from `customer_since`, the day the customer was added, in its time zone; and from a
    customer that is not active only for months in which it used something. A minimum of its own is due on its days.
    `elsewhere` is by the month's first day.
    """

    minimums: tuple[Minimum, ...]
    customer_since: date
    is_active: bool = True
    elsewhere: Mapping[date, ChargedElsewhere] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """Days of a month on which one minimum holds, and its share for them."""

    minimum: Minimum
    days: Days
    due: Decimal


def minimum_lines(month: MonthFacts, facts: MinimumFacts, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The top-up of the month; and of each earlier month whose late usage is billed now, the change of its top-up.

    `lines` are the invoice's lines for usage and fees. What a month is charged is the same, whenever its usage was
    reported: an earlier month's top-up is computed anew and charged by difference, if that month has an invoice.
    """
    found = []
    for used in sorted({month.period, *(each.month for each in month.months)}):
        elsewhere = facts.elsewhere.get(used.start, ChargedElsewhere())
        if used != month.period and not elsewhere.has_own_invoice:
            continue  # its own invoice is still to come, and will top it up
        parts = _parts(facts, used, has_usage=any(each.month == used for each in month.months), currency=month.currency)
        here = sum((line.amount for line in lines if _month_of(line) == used.start), ZERO)
        found.append(_line(used, parts, here + elsewhere.usage_and_fees, elsewhere.minimum, month))
    return tuple(line for line in found if line is not None and line.amount != ZERO)


def _month_of(line: Line) -> date | None:
    """The first day of the month that a line of usage or of a fee charges for."""
    if line.kind == LineKind.RECURRING and line.service_start is not None:
        return line.service_start.replace(day=1)
    return line.used_in


def _parts(facts: MinimumFacts, period: BillingPeriod, *, has_usage: bool, currency: str) -> list[_Part]:
    """The minimums of a month by days: the customer's own where it has one, else the global one."""
    edges = {facts.customer_since, *(each.effective_from for each in facts.minimums)}
    edges |= {each.effective_to for each in facts.minimums if each.effective_to is not None}
    starts = [period.start, *sorted(day for day in edges if period.start < day < period.end)]
    owes_global = facts.is_active or has_usage
    runs: list[tuple[Minimum, Days]] = []
    for start, end in zip(starts, [*starts[1:], period.end], strict=True):
        minimum = _holding_on(start, facts, owes_global=owes_global)
        if minimum is None:
            continue
        if runs and runs[-1][0] is minimum and runs[-1][1][1] == start:
            runs[-1] = (minimum, (runs[-1][1][0], end))
        else:
            runs.append((minimum, (start, end)))
    return [
        _Part(each, days, prorate(each.amount, days=count(days), of_days=period.days, currency=currency))
        for each, days in runs
    ]


def _holding_on(day: date, facts: MinimumFacts, *, owes_global: bool) -> Minimum | None:
    holding = [
        each
        for each in facts.minimums
        if each.effective_from <= day
        and (each.effective_to is None or day < each.effective_to)
        and (each.is_own or (owes_global and day >= facts.customer_since))
    ]
    return next((each for each in holding if each.is_own), holding[0] if holding else None)


def _line(
    used: BillingPeriod, parts: Sequence[_Part], charged: Decimal, topped_up: Decimal, month: MonthFacts
) -> Line | None:
    minimum = sum((part.due for part in parts), ZERO)
    amount = minimum_top_up(charged, minimum) - topped_up
    if not parts and not topped_up:
        return None
    days = (parts[0].days[0], parts[-1].days[1]) if parts else (used.start, used.end)
    late = "" if used == month.period else ", after usage reported late"
    return Line(
        kind=LineKind.MINIMUM,
        description=f"Minimum charge · {span_text(days, used)}{late}",
        quantity=Decimal(1),
        amount=amount,
        sac=parts[-1].minimum.sac if parts else "",
        service_start=days[0],
        service_end=days[1],
        minimum_charge_id=parts[-1].minimum.id if parts else None,
        price={"minimum_charges": [_frozen(part) for part in parts]},
        steps=tuple(_steps(used, parts, charged, topped_up, month.currency)),
    )


def _steps(
    used: BillingPeriod, parts: Sequence[_Part], charged: Decimal, topped_up: Decimal, currency: str
) -> list[Step]:
    """They add up to the amount of the line."""
    minimum = sum((part.due for part in parts), ZERO)
    steps = [Step.of_amount(_part_text(part, used, currency), part.due) for part in parts]
    steps.append(Step.of_amount(f"Charged for {month_text(used)}, before discounts", -charged))
    if charged > minimum:
        steps.append(Step.of_amount("More than the minimum", charged - minimum))
    if topped_up:
        steps.append(Step.of_amount(f"Minimum charge invoiced already for {month_text(used)}", -topped_up))
    return steps


def _part_text(part: _Part, used: BillingPeriod, currency: str) -> str:
    whole, days = used.days, count(part.days)
    of_days = "" if days == whole else f", {days} of {whole} days"
    return f"Minimum of {format_money(part.minimum.amount, currency)} a month{of_days}"


def _frozen(part: _Part) -> dict[str, str]:
    first, after = part.days
    return {
        "minimum_charge": str(part.minimum.id),
        "amount": short_text(part.minimum.amount),
        "from": first.isoformat(),
        "to": after.isoformat(),
        "due": short_text(part.due),
    }
