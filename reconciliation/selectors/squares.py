"""How each check stood on each of the last days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Min
from django.db.models.functions import TruncDate

from billing_platform.lib import clock
from reconciliation.checks import CHECKS
from reconciliation.findings import Window
from reconciliation.models import CheckName, CheckRun, Discrepancy, Run
from reconciliation.models.run import LATE_AFTER

DAYS_SHOWN = 30
Status = CheckRun.Status


class Standing(StrEnum):
    """How one check stands on one day. LATE is not FAILED: nobody has looked yet, though it was due."""

    AGREES = "All agrees"
    DIFFERS = "Does not agree"
    FAILED = "The check failed"
    LATE = "Late: nobody has looked"
    AT_WORK = "Being looked at"
    NOT_DUE = "Not due yet"
    BEFORE = "Before the first daily run"


@dataclass(frozen=True, slots=True)
class Square:
    """`run_id` is the run that says how the day stands, if any does."""

    day: date
    standing: Standing
    discrepancies: int
    run_id: UUID | None


@dataclass(frozen=True, slots=True)
class SquaresOfCheck:
    check: CheckName
    compares: str
    squares: tuple[Square, ...]

    @property
    def to_decide(self) -> int:
        """Discrepancies of these days; of a check that looks at everything, one stands on several of them."""
        counts = [square.discrepancies for square in self.squares]
        return sum(counts) if CHECKS[self.check].by_day else max(counts)


def squares() -> list[SquaresOfCheck]:
    """The last 30 days in UTC, up to yesterday, the oldest first. Runs of one customer are left out. Four queries."""
    yesterday = clock.now().astimezone(UTC).date() - timedelta(days=1)
    days = [yesterday - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    runs, standing, begun = _newest_runs(days), _standing_discrepancies(days), _first_days()
    found = []
    for name, check in CHECKS.items():
        row = []
        for day in days:
            run, count = runs.get((name, day)), standing.get((name, day), 0)
            says = _stands(run, day, count, begun.get(name))
            row.append(Square(day, says, count, run.run_id if run else None))
        found.append(SquaresOfCheck(name, check.compares, tuple(row)))
    return found


_Key = tuple[str, date]


def _stands(run: CheckRun | None, day: date, discrepancies: int, begun: date | None) -> Standing:
    if discrepancies:
        return Standing.DIFFERS
    if run is None:
        if begun is None or day < begun:
            return Standing.BEFORE
        return Standing.LATE if _is_late(Window(day, day).end) else Standing.NOT_DUE
    if run.status == Status.DONE:
        return Standing.AGREES
    if run.status == Status.FAILED:
        return Standing.FAILED
    return Standing.LATE if _is_late(run.created_at) else Standing.AT_WORK


def _is_late(since: datetime) -> bool:
    return clock.now() - since > LATE_AFTER


def _newest_runs(days: Sequence[date]) -> dict[_Key, CheckRun]:
    """By check and day the newest run that looked at the day once it was over."""
    rows = CheckRun.objects.select_related("run").filter(
        run__organisation__isnull=True, run__last_day__gte=days[0], run__first_day__lte=days[-1]
    )
    found: dict[_Key, CheckRun] = {}
    for row in rows.order_by("created_at").iterator():
        for day in days:
            if row.run.first_day <= day <= row.run.last_day and row.created_at >= Window(day, day).end:
                found[row.check_name, day] = row
    return found


def _first_days() -> dict[str, date]:
    """By check the first day of a daily run: what nobody was to look at is not late."""
    rows = CheckRun.objects.filter(run__cause=Run.Cause.SCHEDULE).order_by().values_list("check_name")
    return dict(rows.annotate(Min("run__first_day")))


def _standing_discrepancies(days: Sequence[date]) -> Counter[_Key]:
    """By check and day. What a check finds that looks at everything was wrong on each day since it was found."""
    rows = (
        Discrepancy.objects.standing()
        .order_by()
        .values_list("check_name", "day", TruncDate("first_seen_at", tzinfo=UTC))
    )
    found: Counter[_Key] = Counter()
    for name, day, seen, count in rows.filter(day__gte=days[0]).annotate(Count("pk")):
        for each in _days_of(name, day, seen):
            found[name, each] += count
    return found


def _days_of(name: str, day: date, seen: date) -> Iterator[date]:
    first = day if CHECKS[CheckName(name)].by_day else min(day, seen - timedelta(days=1))
    return iter(Window(first, day).days)
