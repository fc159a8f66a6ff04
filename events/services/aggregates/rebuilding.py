"""Rebuild the aggregates of a month from the ledger; what comes out equals what folding made, row for row.

Day by day of the hours that were counted, so that a ledger of many millions is read in pieces, each through the
index by hour, and whoever waits can be told how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from billing_platform.lib.periods import BillingPeriod
from events.aggregating import KEY, LATEST_OF_ENTRY, SIGN, STANDING_IN_ITS_PERIOD, VALUES, distinct_value
from events.models import Metric
from events.services.months import lock_period
from organisations.models import Organisation

Progress = Callable[[int, int], None]
"""Called with the number of pieces done and of all."""

_ENTRIES = """
    SELECT l.*, m.aggregation, m.unique_property
    FROM events_usageevent l
    JOIN events_metric m ON m.id = l.metric_id
    WHERE l.organisation_id = %(organisation)s AND l.counted_in = %(month)s
        AND l.hour >= %(start)s AND l.hour < %(end)s AND (%(metric)s::uuid IS NULL OR l.metric_id = %(metric)s)
"""

_ROWS = """
    organisation_id = %(organisation)s AND counted_in = %(month)s AND hour >= %(start)s AND hour < %(end)s
    AND (%(metric)s::uuid IS NULL OR metric_id = %(metric)s)
"""

_AGGREGATES = f"""
    SELECT {KEY}, sum(quantity) AS total, sum({SIGN})::bigint AS event_count,
        max(quantity) FILTER (WHERE aggregation = 'max' AND {STANDING_IN_ITS_PERIOD}) AS maximum,
        max({LATEST_OF_ENTRY}) FILTER (WHERE aggregation = 'latest' AND {STANDING_IN_ITS_PERIOD}) AS latest
    FROM ({_ENTRIES}) l
    GROUP BY {KEY}
"""  # noqa: S608

_DISTINCT = f"""
    SELECT {KEY}, value, sum({SIGN})::bigint AS event_count
    FROM ({_ENTRIES}) l, LATERAL ({distinct_value("unique_property")}) named
    WHERE aggregation = 'unique' AND value IS NOT NULL
    GROUP BY {KEY}, value
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of aggregates and the question to the ledger whose answer it keeps."""

    name: str
    key: str
    values: str
    from_ledger: str


_TABLES = (
    _Table("events_usageaggregate", KEY, VALUES, _AGGREGATES),
    _Table("events_usagedistinct", f"{KEY}, value", "event_count", _DISTINCT),
)


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
            parameters["metric"] = metric and metric.pk
            for table in _TABLES:
                found = _compare(table, parameters)
                report += found
                if found.differences and not dry_run:
                    _replace(table, parameters)
            progress(number, len(pieces))
    return report


@contextmanager
def _snapshot() -> Iterator[None]:
    """Every question is answered as of one moment; within somebody's transaction as of each its own."""
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


def _compare(table: _Table, parameters: dict[str, Any]) -> RebuildReport:
    ledger = ", ".join(f"l.{column}" for column in table.values.split(", "))
    kept = ", ".join(f"a.{column}" for column in table.values.split(", "))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*) FILTER (WHERE l.event_count IS NOT NULL),
                count(*) FILTER (WHERE a.event_count IS NULL),
                count(*) FILTER (WHERE l.event_count IS NULL),
                count(*) FILTER (WHERE l.event_count IS NOT NULL AND a.event_count IS NOT NULL
                    AND ROW ({kept}) IS DISTINCT FROM ROW ({ledger}))
            FROM ({table.from_ledger}) l
            FULL JOIN (SELECT * FROM {table.name} WHERE {_ROWS}) a USING ({table.key})
            """,  # noqa: S608
            parameters,
        )
        return RebuildReport(*cursor.fetchone())


def _replace(table: _Table, parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table.name} WHERE {_ROWS}", parameters)  # noqa: S608
        cursor.execute(f"INSERT INTO {table.name} ({table.key}, {table.values}) {table.from_ledger}", parameters)
