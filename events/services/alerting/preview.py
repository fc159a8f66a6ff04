"""What a rule would have done in the last 30 days, stored or not: the same reading and judging, with past moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from billing_platform.lib import clock
from billing_platform.lib.periods import local_date, start_of_day
from events.alerts.judging import Known, Look, Reading, judge, looks
from events.alerts.windows import HOUR, containing
from events.models import AlertRule
from events.services.alerting.observers import Asked, read_all

DAYS = 30
_A_DAY = timedelta(days=1)
_AN_HOUR = timedelta(hours=1)
_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Point:
    """What the rule would have seen at a moment, which thresholds would have fired, and how many alerts recovered."""

    at: datetime
    reading: Reading
    fired: tuple[Decimal, ...] = ()
    recovered: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    points: tuple[Point, ...]

    @property
    def days(self) -> int:
        return DAYS

    @property
    def times(self) -> int:
        """How often it would have told somebody: all thresholds of one moment are one message."""
        return sum(1 for point in self.points if point.fired)


def preview_rule(rule: AlertRule) -> Preview:
    """Hour by hour, or day by day, with the usage and the prices that are known by now."""
    asked = [
        Asked(rule, (look,), moment - _A_MOMENT, is_past=True)
        for moment in _moments(rule)
        for look in _look(rule, moment)
    ]
    points: list[Point] = []
    known: list[Known] = []
    before: Reading | None = None
    for each, (reading,) in zip(asked, read_all(asked), strict=True):
        previous = before.value if before and before.period == reading.period else None
        verdict = judge(rule.terms, reading, previous=previous, known=known)
        gone = set(verdict.recovered)
        known = [replace(alert, is_open=alert.is_open and alert.id not in gone) for alert in known]
        known += [Known(uuid4(), threshold, reading.period.start, is_open=True) for threshold in verdict.fired]
        points.append(Point(each.now + _A_MOMENT, reading, verdict.fired, len(gone)))
        before = reading
    return Preview(tuple(points))


def _moments(rule: AlertRule) -> Iterator[datetime]:
    """Each full hour or midnight of the customer's clock, and now."""
    now, zone = clock.now(), rule.organisation.zone
    if rule.terms.grain == HOUR:
        first = containing(HOUR, now, zone).start - DAYS * _A_DAY
        yield from (first + number * _AN_HOUR for number in range(1, DAYS * 24 + 1))
    else:
        today = local_date(now, zone)
        yield from (start_of_day(today - days * _A_DAY, zone) for days in range(DAYS - 1, -1, -1))
    if rule.terms.is_running:
        yield now


def _look(rule: AlertRule, moment: datetime) -> list[Look]:
    """The one period that was judged first at that moment, if any was."""
    zone, just_before = rule.organisation.zone, moment - _A_MOMENT
    if rule.terms.is_running:
        return looks(rule.terms, now=just_before, since=just_before, zone=zone)[-1:]
    return looks(rule.terms, now=moment, since=just_before, zone=zone)
