"""What a rule looks at, and what follows from what it sees: which thresholds fire, and which alerts recover.

Two sorts of readings. A *running* one adds up over its period (calls of this month): each threshold fires once in each
period, when the value crosses it. Any other reading is of a period that is over (calls of yesterday, its percent of the
day before): a threshold fires when it holds and no alert of it is open, and the alert recovers when it holds no more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from billing_platform.lib.money import with_places
from events.alerts.baseline import WEEKS, usual
from events.alerts.crossings import RISING, crossed, holds
from events.alerts.windows import DAY, HOUR, MONTH, WEEK, Window, before, containing, last_complete, step_back
from events.alerts.windows import weeks_earlier as earlier

THRESHOLD, SPIKE, UNUSUAL, COST = "usage_threshold", "usage_spike", "unusual_pattern", "cost_threshold"
"""The kinds of rules."""

SPANS = {
    THRESHOLD: (HOUR, DAY, MONTH),
    SPIKE: ("previous_hour", "previous_day", "previous_week", "same_weekday"),
    UNUSUAL: ("hour_of_week",),
    COST: ("month_to_date", "projected"),
}
"""What a rule of each kind may look at."""

_GRAIN = {
    **{grain: grain for grain in (HOUR, DAY, MONTH)},
    "previous_hour": HOUR,
    "previous_day": DAY,
    "previous_week": WEEK,
    "same_weekday": DAY,
    "hour_of_week": HOUR,
}
MOST_CAUGHT_UP = 24
"""Periods that are judged after nothing was judged for a while, the newest of them."""
LATE = timedelta(days=3)
"""For so long a period that is over is still judged for the usage that arrives late."""
_PERCENT_PLACES = 2
_GREATEST = Decimal(10) ** 29
"""Percents and deviations beyond it are said to be so many: a row holds no more, and usage may grow from 10^-8."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule says. `span` is one of SPANS of its kind. `least` is of a jump: usage below it counts as this much,
    so that a jump from nothing has a percentage, and one among small numbers is none."""

    kind: str
    span: str
    operator: str
    thresholds: tuple[Decimal, ...]
    step: Decimal | None = None
    least: Decimal | None = None

    @property
    def is_running(self) -> bool:
        return self.kind == COST or (self.kind == THRESHOLD and self.operator in RISING)

    @property
    def grain(self) -> str:
        return _GRAIN.get(self.span, MONTH)


@dataclass(frozen=True, slots=True)
class Look:
    """A period to judge, and the windows that it is compared with, the oldest first."""

    period: Window
    compared: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a period comes to. `value` is what thresholds are about: a quantity, a percentage, a number of deviations or
    an amount; None where nothing can be said. `usual` is what the quantity was compared with."""

    period: Window
    value: Decimal | None
    quantity: Decimal | None = None
    usual: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An alert that there is already."""

    id: UUID
    threshold: Decimal
    period_start: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Thresholds that fire, and alerts that recover."""

    fired: tuple[Decimal, ...] = ()
    recovered: tuple[UUID, ...] = ()


def looks(terms: Terms, *, now: datetime, since: datetime, zone: ZoneInfo) -> list[Look]:
    """The periods to judge now, the oldest first: those that end after `since`, the newest MOST_CAUGHT_UP of them.

    Of a running reading these are the current period and the one before it, to which late usage may still be added for
    LATE after its end. A cost is that of the current month: the month before has its invoice.
    """
    if terms.is_running:
        current = containing(terms.grain, now, zone)
        if terms.kind == COST:
            return [Look(current)]
        last = before(terms.grain, current, zone)
        return [Look(each) for each in (last, current) if each.end > max(since, now - LATE)]
    found: list[Window] = []
    period = last_complete(terms.grain, now, zone)
    while period.end > since and len(found) < MOST_CAUGHT_UP:
        found.append(period)
        period = step_back(terms.grain, period, zone)
    return [Look(each, _compared(terms, each, zone)) for each in reversed(found)]


def _compared(terms: Terms, period: Window, zone: ZoneInfo) -> tuple[Window, ...]:
    if terms.kind == UNUSUAL:
        return tuple(earlier(HOUR, period, weeks, zone) for weeks in range(WEEKS, 0, -1))
    if terms.span == "same_weekday":
        return (earlier(DAY, period, 1, zone),)
    return (before(terms.grain, period, zone),) if terms.kind == SPIKE else ()


def read(terms: Terms, look: Look, quantity: Decimal, compared: Sequence[Decimal]) -> Reading:
    """What the usage of a period, and of the windows that it is compared with, says about it."""
    if terms.kind == SPIKE:
        (usually,) = compared
        return Reading(look.period, _change(quantity, usually, terms.least), quantity, usually)
    if terms.kind == UNUSUAL:
        found = usual(compared)
        if found is None:
            return Reading(look.period, None, quantity)
        score = min(found.deviations(quantity), _GREATEST)
        if found.is_drop_to_zero(quantity):
            score = max(score, min(terms.thresholds))  # whatever the spread says: all earlier weeks had usage
        return Reading(look.period, score, quantity, found.median)
    return Reading(look.period, quantity, quantity)


def _change(quantity: Decimal, usually: Decimal, least: Decimal | None) -> Decimal | None:
    """In percent. Both count as `least` at least, but a fall from more than that goes down to what it really is. None
    where nothing was used before and nothing says from how much on a jump counts."""
    before, now = usually, quantity
    if least is not None:
        before = max(usually, least)
        now = quantity if usually >= least else max(quantity, least)
    if before <= 0:
        return None
    return max(min(with_places((now - before) * 100 / before, _PERCENT_PLACES), _GREATEST), -_GREATEST)


def judge(terms: Terms, reading: Reading, *, previous: Decimal | None, known: Collection[Known]) -> Verdict:
    """What follows from a reading. `previous` is the value that a running reading of the same period had before;
    `known` are the rule's alerts that are open, and those of the period."""
    value, start = reading.value, reading.period.start
    if value is None:
        return Verdict()
    told = {each.threshold for each in known if each.period_start == start}
    if not terms.is_running:
        previous = None
        told |= {each.threshold for each in known if each.is_open}
    reached = crossed(
        previous=previous, current=value, operator=terms.operator, thresholds=terms.thresholds, step=terms.step
    )
    about = [
        each
        for each in known
        if each.is_open and (each.period_start == start if terms.is_running else each.period_start <= start)
    ]
    return Verdict(
        fired=tuple(threshold for threshold in reached if threshold not in told),
        recovered=tuple(each.id for each in about if not holds(value, terms.operator, each.threshold)),
    )
