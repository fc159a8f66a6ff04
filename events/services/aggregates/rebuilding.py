"""Rebuild the aggregates of a month from the ledger: the same rows as settling and corrections have written.

The month is rebuilt day by day, so that a ledger of many millions of entries is read in pieces, each through the index
by hour, and progress can be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.services.aggregates.comparing import LEVELS, TABLES, RebuildReport, Table, compare, months_counting
from events.services.months import lock_period
from organisations.models import Organisation

Progress = Callable[[int, int], None]
"""Called with the number of pieces done and of all."""


def rebuild_aggregates(
    *,
    organisation: Organisation,
    period: BillingPeriod,
    metric: Metric | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> RebuildReport:
    """Compare with the ledger, of one metric or of all, and, unless `dry_run`, write anew what it says.

    The month's row is locked against settling meanwhile, so no event is folded into what is being replaced. A dry
    run locks nothing and compares as of the moment it began.
    """
    report = RebuildReport()
    with _snapshot() if dry_run else transaction.atomic():
        if not dry_run:
            lock_period(organisation, period.start)
        pieces = list(_pieces(organisation, period))
        for number, (start, end) in enumerate(pieces, start=1):
            parameters = {"organisation": organisation.pk, "month": period.start, "start": start, "end": end}
            parameters |= {"metric": metric and metric.pk, "corrected_in": [period.start]}
            for table in TABLES:
                report += _mend(table, parameters, dry_run=dry_run)
            progress(number, len(pieces))
        whole = {"organisation": organisation.pk, "zone": organisation.time_zone, "month": period.start}
        report += _mend(LEVELS, whole | {"metric": metric and metric.pk}, dry_run=dry_run)
    return report


class Hour(NamedTuple):
    """An hour of one customer's metric, by its start."""

    organisation_id: UUID
    metric_id: UUID
    start: datetime


def rebuild_hours(hours: Iterable[Hour]) -> None:
    """Write some hours anew as the ledger has them, in whichever months they are counted.

    Call it in a transaction that holds the DEDUP lock exclusively: no event is folded into what is being replaced.
    """
    for hour in sorted(hours):
        piece: dict[str, Any] = {
            "organisation": hour.organisation_id,
            "metric": hour.metric_id,
            "start": hour.start,
            "end": hour.start + timedelta(hours=1),
        }
        zone = Organisation.objects.values_list("time_zone", flat=True).get(pk=hour.organisation_id)
        for month in months_counting(piece):
            parameters = piece | {"month": month, "corrected_in": [month], "zone": zone}
            for table in (*TABLES, LEVELS):
                _mend(table, parameters, dry_run=False)


@contextmanager
def _snapshot() -> Iterator[None]:
    """All statements see the database as of one moment. Within a transaction of the caller each sees its own moment."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _pieces(organisation: Organisation, period: BillingPeriod) -> Iterator[tuple[datetime | str, datetime | str]]:
    """Days that cover every hour counted in the period; what is far outside, being late, in one piece each side."""
    first, after = period.bounds(organisation.zone)
    start, end = first - timedelta(days=1), after + timedelta(days=1)
    yield "-infinity", start
    while start < end:
        yield start, min(start + timedelta(days=1), end)
        start += timedelta(days=1)
    yield end, "infinity"


def _mend(table: Table, parameters: dict[str, Any], *, dry_run: bool) -> RebuildReport:
    """Compare, and write anew what differs unless it is a dry run."""
    found = sum((each.report for each in compare(table, parameters)), RebuildReport())
    if found.differences and not dry_run:
        with connection.cursor() as cursor:
            cursor.execute(table.delete, parameters)
            cursor.execute(table.insert, parameters)
    return found
