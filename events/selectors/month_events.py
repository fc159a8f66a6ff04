"""Where the events of a month went, in numbers: received, counted, in the aggregates."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod
from events.models import UsageEvent, UsagePeriod
from events.usage.metered import dimensions_of

_RECEIVED = query(__file__, "month_received")
_LEDGER = query(__file__, "month_ledger")
_DAYS = query(__file__, "month_days")
_AT_ONCE = 2_000
Kind = UsageEvent.Kind


@dataclass(slots=True)
class MonthOfEvents:
    """One customer's events, each a number of events.

    `received` to `not_settled` are what requests of the UTC month say; a dead letter that was replayed is what became
    of it since. The others are entries of the ledger: `here` was received in the month and is counted in it,
    `elsewhere` is counted in another month (late, or of another month in the customer's time zone), `from_elsewhere`
    was received in another month. `voided` and `replacements` are those of corrections that are counted in it.
    """

    received: int = 0
    counted: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    not_settled: int = 0
    here: int = 0
    elsewhere: int = 0
    from_elsewhere: int = 0
    voided: int = 0
    replacements: int = 0


@dataclass(frozen=True, slots=True)
class DayOfEvents:
    """How many events the aggregates count of one metric on one local day of use."""

    organisation_id: UUID
    is_test: bool
    metric_name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    day: date
    event_count: int


def events_of_month(
    month: BillingPeriod, organisations: Collection[UUID] | None = None, *, whenever_counted: bool = False
) -> dict[UUID, MonthOfEvents]:
    """By the ids of the customers that have any; of these customers, or of all. Two queries.

    What other months of receipt hold is looked for among what was counted until the month was closed;
    `whenever_counted` reads all of them, which takes long.
    """
    found: dict[UUID, MonthOfEvents] = {}
    for organisation_id, *numbers in _rows(_RECEIVED, _receipt(month) | _whose(organisations)):
        found[organisation_id] = MonthOfEvents(*numbers)
    for organisation_id, kind, is_received_here, is_counted_here, entries in _rows(
        _LEDGER, {"month": month.start} | _counting(month, whenever_counted) | _whose(organisations)
    ):
        each = found.setdefault(organisation_id, MonthOfEvents())
        if kind == Kind.USAGE and is_received_here and is_counted_here:
            each.here += entries
        elif kind == Kind.USAGE and is_received_here:
            each.elsewhere += entries
        elif kind == Kind.USAGE:
            each.from_elsewhere += entries
        elif is_counted_here and kind == Kind.REVERSAL:
            each.voided += entries
        elif is_counted_here:
            each.replacements += entries
    return found


def counted_days(month: BillingPeriod, organisations: Collection[UUID] | None = None) -> Iterator[DayOfEvents]:
    """What the aggregates count in a billing month, by customer, metric, dimensions and day of use."""
    for organisation_id, is_test, name, unit, dimensions, day, count in _rows(
        _DAYS, {"month": month.start} | _whose(organisations)
    ):
        yield DayOfEvents(organisation_id, is_test, name, unit, dimensions_of(dimensions), day, count)


def _receipt(month: BillingPeriod) -> dict[str, Any]:
    start, end = (datetime.combine(day, time(), tzinfo=UTC) for day in (month.start, month.end))
    return {"first": month.start, "after": month.end, "start": start, "end": end}


def _counting(month: BillingPeriod, whenever_counted: bool) -> dict[str, Any]:
    """From a day before the month, as it begins earlier east of Greenwich, until it is closed for everybody."""
    periods = UsagePeriod.objects.filter(month=month.start)
    last = periods.aggregate(last=Max("closed_at"))["last"]
    if whenever_counted or last is None or periods.filter(closed_at__isnull=True).exists():
        last = clock.now()
    last_day = last.astimezone(UTC).date()
    return {"counted_from": month.start - timedelta(days=1), "counted_before": last_day + timedelta(days=1)}


def _whose(organisations: Collection[UUID] | None) -> dict[str, Any]:
    return {"organisations": None if organisations is None else list(organisations)}


def _rows(statement: str, parameters: dict[str, Any]) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        while part := cursor.fetchmany(_AT_ONCE):
            yield from part
