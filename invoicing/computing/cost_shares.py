"""Whose cost a line is: an invoice's lines split by project, dimensions and day, to the last paisa. Pure.

Tiers, free units and packages run over the usage of the whole customer, so what a project costs is a share of a line,
not a price of its own. A usage line is split in proportion to the quantities that it prices: first among projects, then
within each project among its combinations of dimensions, then among days. Where the quantities come to nothing, events
are counted instead. A line without usage (a fee, a minimum, late usage that was taken back) is split evenly among the
days that it bills, and is of no project unless it names one. Each time the parts are rounded down, and what is left
goes to the largest remainders (`allocate`), so the shares of a line always add up to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.money import ZERO, Money, allocate
from billing_platform.lib.periods import BillingPeriod
from events.usage.metered import MeteredUsage
from invoicing.lines import Line

Dimensions = tuple[tuple[str, str], ...]
_Level = Callable[[MeteredUsage], object]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of one line, before tax. `project_id` is None of what no project caused. `day` lies in the invoice's
    month, also of late usage."""

    kind: str
    metric_name: str
    unit: str
    project_id: UUID | None
    dimensions: Dimensions
    day: date
    amount: Decimal
    cost: Decimal

    @property
    def discount(self) -> Decimal:
        return self.amount - self.cost


def shares_of(
    lines: Sequence[Line], usage: Sequence[MeteredUsage], period: BillingPeriod, currency: str
) -> Iterator[Share]:
    """The shares of all lines of a month's invoice; `usage` is what the month counts, late usage included."""
    priced = _priced_rows(lines, usage)
    for number, line in enumerate(lines):
        rows = priced.get(number, [])
        if not line.amount and not line.discount:
            continue
        yield from _of_usage(line, rows, period, currency) if rows else _by_days(line, period, currency)


def _priced_rows(lines: Sequence[Line], usage: Sequence[MeteredUsage]) -> dict[int, list[MeteredUsage]]:
    """The usage that each line prices, by the line's number: as when it was priced, the most special price wins."""
    by_metric: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        if line.metric_name and line.used_in is not None:
            by_metric[line.metric].append(number)
    found: defaultdict[int, list[MeteredUsage]] = defaultdict(list)
    for row in usage:
        covering = [number for number in by_metric.get(row.metric, ()) if _covers(lines[number], row)]
        most = max((len(lines[number].dimensions) for number in covering), default=0)
        for number in covering:
            if len(lines[number].dimensions) == most:
                found[number].append(row)
    return found


def _covers(line: Line, row: MeteredUsage) -> bool:
    return (
        line.used_in == row.used_in.start
        and (line.service_start is None or line.service_start <= row.day)
        and (line.service_end is None or row.day < line.service_end)
        and line.project_id in (None, row.project_id)
        and dict(line.dimensions).items() <= dict(row.dimensions).items()
    )


def _of_usage(line: Line, rows: Sequence[MeteredUsage], period: BillingPeriod, currency: str) -> Iterator[Share]:
    is_late = line.used_in != period.start
    levels: list[_Level] = [lambda row: row.project_id, lambda row: row.dimensions, lambda row: row.day]
    weigh = _quantity if any(_quantity(row) for row in rows) else _events
    for row, amount, cost in _split(rows, levels, weigh, line.amount, line.discounted_amount, currency):
        day = period.start if is_late else row.day
        yield _share(line, row.project_id, row.dimensions, day, amount, cost)


def _quantity(row: MeteredUsage) -> Decimal:
    return max(row.quantity, ZERO)


def _events(row: MeteredUsage) -> Decimal:
    return Decimal(max(row.event_count, 0))


def _split(
    rows: Sequence[MeteredUsage],
    levels: Sequence[_Level],
    weigh: Callable[[MeteredUsage], Decimal],
    amount: Decimal,
    cost: Decimal,
    currency: str,
) -> Iterator[tuple[MeteredUsage, Decimal, Decimal]]:
    """Level by level; each leaf with one of its rows."""
    if not levels:
        yield rows[0], amount, cost
        return
    groups: defaultdict[object, list[MeteredUsage]] = defaultdict(list)
    for row in rows:
        groups[levels[0](row)].append(row)
    members = list(groups.values())
    weights = [sum((weigh(row) for row in each), ZERO) for each in members]
    amounts, costs = _parts_of_both(amount, cost, weights, currency)
    for each, part, part_cost in zip(members, amounts, costs, strict=True):
        if part or part_cost:
            yield from _split(each, levels[1:], weigh, part, part_cost, currency)


def _by_days(line: Line, period: BillingPeriod, currency: str) -> Iterator[Share]:
    first, after = period.start, period.end
    if line.service_start is not None and line.service_end is not None and line.used_in in (None, period.start):
        within = max(line.service_start, first), min(line.service_end, after)
        first, after = within if within[0] < within[1] else (first, after)
    days = [first + timedelta(days=number) for number in range((after - first).days)]
    weights = [Decimal(1)] * len(days)
    amounts, costs = _parts_of_both(line.amount, line.discounted_amount, weights, currency)
    for day, amount, cost in zip(days, amounts, costs, strict=True):
        yield _share(line, line.project_id, line.dimensions, day, amount, cost)


def _parts_of_both(
    amount: Decimal, cost: Decimal, weights: Sequence[Decimal], currency: str
) -> tuple[list[Decimal], list[Decimal]]:
    amounts = _parts(amount, weights, currency)
    return amounts, amounts if cost == amount else _parts(cost, weights, currency)


def _parts(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    if len(weights) == 1:
        return [amount]
    weights = weights if any(weights) else [Decimal(1)] * len(weights)
    return [part.amount for part in allocate(Money(amount, currency), weights)]


def _share(
    line: Line, project_id: UUID | None, dimensions: Dimensions, day: date, amount: Decimal, cost: Decimal
) -> Share:
    return Share(line.kind, line.metric_name, line.unit, project_id, dimensions, day, amount, cost)
