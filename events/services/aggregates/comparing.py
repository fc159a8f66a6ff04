"""Compare the aggregates with the ledger: total, count, maximum, latest, weighted, different values, levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib.database.sql import query
from billing_platform.lib.money import ZERO
from events.services.partitions import ledger_months

_MONTHS = query(__file__, "months_counting")
_CUSTOMERS_WITH_LEVEL = query(__file__, "customers_with_level")
_DAYS_OF_USE = query(__file__, "days_of_use")
_STAKE = "sum(abs(coalesce(l.total, 0) - coalesce(a.total, 0)))"
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Table:
    """A table of aggregates, with the statements that compare it with the ledger and write a piece of it anew."""

    compare: str
    delete: str
    insert: str

    @classmethod
    def of(cls, table: str, *, more_key: str, values: tuple[str, ...], from_ledger: str) -> Table:
        texts = {"table": table, "more_key": more_key, "values": ", ".join(values)}
        texts["from_ledger"] = query(__file__, from_ledger)
        texts["stake"] = _STAKE if "total" in values else "NULL::numeric"
        texts |= {f"values_of_{alias}": ", ".join(f"{alias}.{value}" for value in values) for alias in ("a", "l")}
        return cls(
            compare=query(__file__, "compare", **texts),
            delete=query(__file__, "delete_piece", **texts),
            insert=query(__file__, "insert_piece", **texts),
        )


TABLES = (
    Table.of(
        "events_usageaggregate",
        more_key="",
        values=("total", "event_count", "maximum", "latest", "weighted"),
        from_ledger="aggregates_from_ledger",
    ),
    Table.of("events_usagedistinct", more_key=", value", values=("event_count",), from_ledger="distinct_from_ledger"),
)

LEVELS = Table(
    compare=query(__file__, "compare_levels"),
    delete=query(__file__, "delete_levels"),
    insert=query(__file__, "insert_levels"),
)
"""The sums of a whole month: compared with its aggregates, once these are right."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """How the aggregates differed from the ledger. `at_stake` adds up by how much their totals did."""

    rows: int = 0
    missing: int = 0
    surplus: int = 0
    wrong: int = 0
    at_stake: Decimal = ZERO

    @property
    def differences(self) -> int:
        return self.missing + self.surplus + self.wrong

    def __add__(self, other: RebuildReport) -> RebuildReport:
        sums = (ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True))
        return RebuildReport(*sums)


@dataclass(frozen=True, slots=True)
class MetricReport:
    """The same of one customer's metric, in one billing month. `is_of_levels`: of the levels of the whole month."""

    organisation_id: UUID
    metric_id: UUID
    month: date
    report: RebuildReport
    is_of_levels: bool


def compare(table: Table, parameters: dict[str, Any]) -> Iterator[MetricReport]:
    """One statement, so ledger and aggregates are those of one moment, whatever is settled meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(table.compare, parameters)
        while rows := cursor.fetchmany(_AT_ONCE):
            for organisation_id, metric_id, right, missing, surplus, wrong, at_stake in rows:
                report = RebuildReport(right, missing, surplus, wrong, at_stake or ZERO)
                yield MetricReport(organisation_id, metric_id, parameters["month"], report, table is LEVELS)


def compare_day(*, day: date, organisation_id: UUID | None = None) -> Iterator[MetricReport]:
    """All hours that began on a UTC day, in whichever billing months they count; of everybody, or of one customer.

    The levels of `weighted_sum` metrics are compared for the whole months that the day's usage counts in.
    """
    start = _start_of(day)
    piece: dict[str, Any] = {
        "organisation": organisation_id,
        "metric": None,
        "start": start,
        "end": start + timedelta(days=1),
    }
    for month in months_counting(piece):
        parameters = piece | {"month": month, "corrected_in": [month]}
        for table in TABLES:
            yield from compare(table, parameters)
        with connection.cursor() as cursor:
            cursor.execute(_CUSTOMERS_WITH_LEVEL, parameters)
            customers = cursor.fetchall()
        for customer, zone in customers:
            yield from compare(LEVELS, {"organisation": customer, "zone": zone, "month": month, "metric": None})


def months_counting(piece: dict[str, Any]) -> list[date]:
    """Which billing months count usage of some hours, in ledger or aggregates. `piece` as in months_counting.sql."""
    return _column(_MONTHS, piece)


def days_of_use(*, received_on: date, organisation_id: UUID | None = None) -> list[date]:
    """On which UTC days that was used which was received on a UTC day: the day itself, mostly, and the one before."""
    start = _start_of(received_on)
    end = start + timedelta(days=1)
    return _column(
        _DAYS_OF_USE,
        {
            "organisation": organisation_id,
            "received_from": start,
            "received_to": end,
            "received_months": ledger_months(start, start),
        },
    )


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _column(statement: str, parameters: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [row[0] for row in cursor.fetchall()]
