"""Usage and costs of one customer side by side: a summary, a trend, and whose cost it was. For the API and for pages.

Usage is what happened in the days that are asked about, costs are those days' part of their months (`costs.py`). Both
are of live projects, or of one project; what a test project uses costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.money import ZERO, with_places
from events.usage.metered import MetricKey
from events.usage.questions import Grain, Span, first_days, next_bucket
from events.usage.report import UsedMetric, used_in_spans
from events.usage.trends import LONGEST_TREND, MetricTrend, buckets_of, usage_trends
from invoicing.computing.cost_shares import Share
from invoicing.services.costs import CostRow, MonthCost, Narrowed, broken_down, costs_of, shares_within
from organisations.models import Organisation, Project

LONGEST = LONGEST_TREND[Grain.DAY]
LONGEST_COSTS = LONGEST_TREND[Grain.MONTH]

Costs = dict[str, Decimal]
"""Amounts before tax, discounts taken off, by currency."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Days `[first, after)` of the customer's clock, narrowed to a project or a metric."""

    organisation: Organisation
    first: date
    after: date
    project: Project | None = None
    metric_name: str = ""

    @property
    def span(self) -> Span:
        return Span(self.organisation, self.first, self.after)

    @property
    def narrowed(self) -> Narrowed:
        return Narrowed(self.first, self.after, self.project.pk if self.project else None, self.metric_name)

    @property
    def before(self) -> Asked:
        """As many days right before."""
        length = self.after - self.first
        return Asked(self.organisation, self.first - length, self.first, self.project, self.metric_name)


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric in some days; `quantity` is None where reading it would take too long."""

    metric: MetricKey
    aggregation: str
    quantity: Decimal | None
    event_count: int
    costs: Costs


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the days `[first, after)`."""

    first: date
    after: date
    event_count: int
    costs: Costs


@dataclass(frozen=True, slots=True)
class Summary:
    """`months` are those that the days lie in, whole; `metrics` in order of their names."""

    totals: Totals
    previous: Totals
    metrics: tuple[MetricSummary, ...]
    months: tuple[MonthCost, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day, week or month. Its costs hold fees and minimums too, so they may be more than those of its metrics."""

    totals: Totals
    metrics: tuple[MetricSummary, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    rows: tuple[CostRow, ...]
    totals: tuple[CostRow, ...]  # one for each currency
    months: tuple[MonthCost, ...]


def summary(asked: Asked, *, costs: Sequence[MonthCost] | None = None) -> Summary:
    """Raises InvalidInput for more days than it covers. `costs`, here and below: those of the months, of the days
    before too, where the caller has read them."""
    spans = [asked.span, asked.before.span]
    used, used_before = used_in_spans(spans, project=asked.project, metric_name=asked.metric_name)
    months = _costs(asked, costs, first=asked.before.first)
    shares = list(shares_within(months, asked.narrowed))
    return Summary(
        Totals(asked.first, asked.after, _events(used), _sums(shares)),
        Totals(
            asked.before.first,
            asked.first,
            _events(used_before),
            _sums(shares_within(months, asked.before.narrowed)),
        ),
        _by_metric(used, shares),
        tuple(month for month in months if month.period.end > asked.first),
    )


def trends(asked: Asked, grain: Grain, *, costs: Sequence[MonthCost] | None = None) -> tuple[Bucket, ...]:
    """Every day, week or month of the span, in order. Raises InvalidInput for too many days."""
    used: defaultdict[date, list[MetricTrend]] = defaultdict(list)
    for row in usage_trends(asked.span, grain, project=asked.project, metric_name=asked.metric_name):
        used[row.first].append(row)
    shares: defaultdict[date, list[tuple[str, Share]]] = defaultdict(list)
    bucket_of = _bucket_of_days(asked, grain)
    for currency, share in shares_within(_costs(asked, costs, with_forecast=False), asked.narrowed):
        shares[bucket_of[share.day]].append((currency, share))
    return tuple(
        Bucket(
            Totals(first, after, _events(used[first]), _sums(shares[first])),
            _by_metric(used[first], shares[first]),
        )
        for first, after in buckets_of(asked.span, grain)
    )


def cost_breakdown(
    asked: Asked, by: str, dimension: str = "", *, costs: Sequence[MonthCost] | None = None
) -> Breakdown:
    """By `metric`, `project` or `dimension`. Raises InvalidInput for too many days."""
    if (asked.after - asked.first).days > LONGEST_COSTS:
        raise InvalidInput.field("end", f"For costs, choose at most {LONGEST_COSTS} days.")
    months = _costs(asked, costs)
    shares = list(shares_within(months, asked.narrowed))
    rows = broken_down(shares, by, dimension)
    sums: dict[str, CostRow] = {}
    for row in rows:
        so_far = sums.get(row.currency, CostRow((), row.currency, ZERO, ZERO))
        sums[row.currency] = CostRow((), row.currency, so_far.amount + row.amount, so_far.cost + row.cost)
    return Breakdown(rows, tuple(sums.values()), months)


def change_in_percent(now: Decimal | int, before: Decimal | int) -> Decimal | None:
    """How much more or less than before, to one decimal; None where there was nothing before."""
    return with_places((Decimal(now) - Decimal(before)) * 100 / abs(Decimal(before)), 1) if before else None


def _costs(
    asked: Asked, known: Sequence[MonthCost] | None, *, first: date | None = None, with_forecast: bool = True
) -> tuple[MonthCost, ...]:
    """The months of the days, from `first` on; read unless they are known."""
    days = Narrowed(first or asked.first, asked.after)
    if known is None:
        return costs_of(asked.organisation, days, with_forecast=with_forecast)
    return tuple(month for month in known if month.period.start < days.after and days.first < month.period.end)


def _bucket_of_days(asked: Asked, grain: Grain) -> Mapping[date, date]:
    return {
        day: first
        for first in first_days(asked.first, asked.after, grain)
        for day in first_days(first, min(next_bucket(first, grain), asked.after), Grain.DAY)
    }


def _events(rows: Iterable[UsedMetric | MetricTrend]) -> int:
    return sum(row.event_count for row in rows)


def _sums(shares: Iterable[tuple[str, Share]]) -> Costs:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, share in shares:
        found[currency] += share.cost
    return dict(sorted(found.items()))


def _by_metric(
    used: Sequence[UsedMetric | MetricTrend], shares: Iterable[tuple[str, Share]]
) -> tuple[MetricSummary, ...]:
    costs: defaultdict[MetricKey, list[tuple[str, Share]]] = defaultdict(list)
    for currency, share in shares:
        if share.metric_name:
            costs[share.metric_name, share.unit].append((currency, share))
    rows: defaultdict[MetricKey, list[UsedMetric | MetricTrend]] = defaultdict(list)
    for row in used:
        rows[row.metric].append(row)
    return tuple(
        MetricSummary(
            metric,
            rows[metric][0].aggregation if rows[metric] else "",
            _together([row.quantity for row in rows[metric]]),
            _events(rows[metric]),
            _sums(costs[metric]),
        )
        for metric in sorted(rows.keys() | costs.keys())
    )


def _together(quantities: Sequence[Decimal | None]) -> Decimal | None:
    """Projects of one metric: they add up, whatever the aggregation."""
    known = [quantity for quantity in quantities if quantity is not None]
    return sum(known, ZERO) if len(known) == len(quantities) else None
