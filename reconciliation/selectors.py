"""Questions about runs: how each check stood on each of the last days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from enum import StrEnum

from django.db.models import Count

from billing_platform.lib import clock
from reconciliation.checks import CHECKS
from reconciliation.models import CheckName, CheckRun, Discrepancy

DAYS_SHOWN = 30
Status = CheckRun.Status


class Standing(StrEnum):
    """How one check stands on one day. LATE is not FAILED: nobody has looked yet, though the day is over."""

    AGREES = "All agrees"
    DIFFERS = "Does not agree"
    FAILED = "The check failed"
    AT_WORK = "Being looked at"
    LATE = "Not looked at yet"
    BEFORE = "Before the first run"


@dataclass(frozen=True, slots=True)
class Square:
    day: date
    standing: Standing
    discrepancies: int


@dataclass(frozen=True, slots=True)
class SquaresOfCheck:
    check: CheckName
    compares: str
    squares: tuple[Square, ...]


def squares() -> list[SquaresOfCheck]:
    """The last 30 days in UTC, up to yesterday, the oldest first. Runs of one customer are left out. Two queries."""
    yesterday = clock.now().astimezone(UTC).date() - timedelta(days=1)
    days = [yesterday - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    runs = _newest_runs(days)
    standing = _standing_discrepancies(days)
    return [
        SquaresOfCheck(name, check.compares, tuple(_squares_of(name, days, runs, standing)))
        for name, check in CHECKS.items()
    ]


_Key = tuple[str, date]


def _squares_of(
    name: CheckName, days: Sequence[date], runs: Mapping[_Key, CheckRun], standing: Mapping[_Key, int]
) -> list[Square]:
    first = min((day for day in days if (name, day) in runs), default=None)
    found = []
    for day in days:
        count, run = standing.get((name, day), 0), runs.get((name, day))
        found.append(Square(day, _stands(run, count, is_before=first is None or day < first), count))
    return found


def _stands(run: CheckRun | None, discrepancies: int, *, is_before: bool) -> Standing:
    if discrepancies:
        return Standing.DIFFERS
    if run is None:
        return Standing.BEFORE if is_before else Standing.LATE
    if run.status == Status.DONE:
        return Standing.AGREES
    return Standing.FAILED if run.status == Status.FAILED else Standing.AT_WORK


def _newest_runs(days: Sequence[date]) -> dict[_Key, CheckRun]:
    """By check and day the newest run that looked at the day."""
    rows = CheckRun.objects.select_related("run").filter(
        run__organisation__isnull=True, run__last_day__gte=days[0], run__first_day__lte=days[-1]
    )
    found: dict[_Key, CheckRun] = {}
    for row in rows.order_by("created_at"):
        for day in days:
            if row.run.first_day <= day <= row.run.last_day:
                found[row.check_name, day] = row
    return found


def _standing_discrepancies(days: Sequence[date]) -> Counter[_Key]:
    rows = Discrepancy.objects.standing().filter(day__gte=days[0], day__lte=days[-1]).order_by()
    counted = rows.values_list("check_name", "day").annotate(Count("pk"))
    return Counter({(name, day): count for name, day, count in counted})
