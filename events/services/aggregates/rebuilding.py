"""Rebuild the aggregates of a month from the ledger: the same rows as settling and corrections have written.

The month is rebuilt day by day, so that a ledger of many millions of entries is read in pieces, each through the index
by hour, and progress can be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.services.months import lock_period
from organisations.models import Organisation

Progress = Callable[[int, int], None]
"""Called with the number of pieces done and of all."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of aggregates, with the statements that compare it with the ledger and write a piece of it anew."""

    compare: str
    delete: str
    insert: str

    @classmethod
    def of(cls, table: str, *, more_key: str, values: tuple[str, ...], from_ledger: str) -> _Table:
        texts = {"table": table, "more_key": more_key, "values": ", ".join(values)}
        texts["from_ledger"] = query(__file__, from_ledger)
        texts |= {f"values_of_{alias}": ", ".join(f"{alias}.{value}" for value in values) for alias in ("a", "l")}
        return cls(
            compare=query(__file__, "compare", **texts),
            delete=query(__file__, "delete_piece", **texts),
            insert=query(__file__, "insert_piece", **texts),
        )


_TABLES = (
    _Table.of(
        "events_usageaggregate",
        more_key="",
        values=("total", "event_count", "maximum", "latest", "weighted"),
        from_ledger="aggregates_from_ledger",
    ),
    _Table.of("events_usagedistinct", more_key=", value", values=("event_count",), from_ledger="distinct_from_ledger"),
)

_LEVELS = _Table(
    compare=query(__file__, "compare_levels"),
    delete=query(__file__, "delete_levels"),
    insert=query(__file__, "insert_levels"),
)
"""The sums of a whole month: compared with its aggregates, once these are right."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """How the aggregates differed from the ledger."""

    rows: int = 0
    missing: int = 0
    surplus: int = 0
    wrong: int = 0

    @property
    def differences(self) -> int:
        return self.missing + self.surplus + self.wrong

    def __add__(self, other: RebuildReport) -> RebuildReport:
        return RebuildReport(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))


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
            for table in _TABLES:
                report += _mend(table, parameters, dry_run=dry_run)
            progress(number, len(pieces))
        whole = {"organisation": organisation.pk, "zone": organisation.time_zone, "month": period.start}
        report += _mend(_LEVELS, whole | {"metric": metric and metric.pk}, dry_run=dry_run)
    return report


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


def _mend(table: _Table, parameters: dict[str, Any], *, dry_run: bool) -> RebuildReport:
    """Compare, and write anew what differs unless it is a dry run."""
    with connection.cursor() as cursor:
        cursor.execute(table.compare, parameters)
        found = RebuildReport(*cursor.fetchone())
        if found.differences and not dry_run:
            cursor.execute(table.delete, parameters)
            cursor.execute(table.insert, parameters)
    return found
