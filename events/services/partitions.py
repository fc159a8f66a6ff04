"""Partitions of the hot log and the ledger: made ahead of time, attached without blocking anybody, listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.utils import IntegrityError
from psycopg import sql

from billing_platform.lib import clock
from billing_platform.lib.database.failures import has_no_partition
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod

HOT_LOG = "events_eventbatch"
LEDGER = "events_usageevent"
DAYS_AHEAD = 7
MONTHS_AHEAD = 2
TRIES = 3

T = TypeVar("T")

_LIST_PARTITIONS = query(__file__, "list_partitions")


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition as the catalogue knows it; `rows` is PostgreSQL's estimate."""

    table: str
    name: str
    bounds: str
    bytes: int
    rows: int

    @property
    def day(self) -> date | None:
        """The UTC day of receipt, of a partition of the hot log."""
        return date.fromisoformat(self.name[-8:]) if self.table == HOT_LOG else None


@dataclass(frozen=True, slots=True)
class _Wanted:
    table: str
    name: str
    first: str
    after: str


def ensure_partitions(*, at: datetime | None = None) -> list[str]:
    """Create what is missing around an instant (now): its day and the week after, its month and the two after.

    For an instant on an earlier day, only that day and its month: what comes after it may have been dropped, rightly.
    Returns the names of the new partitions. Runs after every migration, daily, and when an insert finds no partition.
    """
    day, today = (at or clock.now()).astimezone(UTC).date(), clock.now().astimezone(UTC).date()
    wanted_now = list(_wanted(day, days_ahead=DAYS_AHEAD, months_ahead=MONTHS_AHEAD) if day >= today else _wanted(day))
    with transaction.atomic():
        missing = [wanted for wanted in wanted_now if not partition_exists(wanted.name)]
        if not missing:
            return []
        advisory_lock(LockSpace.PARTITIONS)
        created = [wanted for wanted in missing if not partition_exists(wanted.name)]
        for wanted in created:
            _create(wanted)
    return [wanted.name for wanted in created]


def with_partitions(insert: Callable[[], T], *, moments: Callable[[], Iterable[datetime]]) -> T:
    """Run an insert; where no partition covers its rows, make those of these moments, and run it again.

    A partition is missing when the daily job is late, or when retention dropped a day that a replay brings back. It
    may be dropped again before the insert has it locked: so there are TRIES.
    """
    for _attempt in range(1, TRIES):
        try:
            return insert()
        except IntegrityError as error:
            if not has_no_partition(error):
                raise
        for moment in sorted(set(moments())):
            ensure_partitions(at=moment)
    return insert()


def list_partitions() -> list[Partition]:
    """Every partition with its size, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_LIST_PARTITIONS, {"tables": [HOT_LOG, LEDGER]})
        return [Partition(*row) for row in cursor.fetchall()]


def ledger_month(received_at: datetime) -> date:
    """The first day of the UTC month of receipt: the partition of the ledger that an event is in."""
    return received_at.astimezone(UTC).date().replace(day=1)


def ledger_months(first: datetime, last: datetime) -> list[date]:
    """Of every month of receipt from one instant to another, both included."""
    period, months = BillingPeriod.of(ledger_month(first)), []
    while period.start <= ledger_month(last):
        months.append(period.start)
        period = period.next()
    return months


def partition_of(day: date) -> str:
    """What a day's partition of the hot log is called."""
    return f"{HOT_LOG}_{day:%Y%m%d}"


def partition_exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        row = cursor.fetchone()
        return bool(row and row[0])


def _wanted(first: date, *, days_ahead: int = 0, months_ahead: int = 0) -> Iterator[_Wanted]:
    for offset in range(days_ahead + 1):
        day = first + timedelta(days=offset)
        yield _Wanted(HOT_LOG, partition_of(day), f"{day} 00:00:00+00", f"{day + timedelta(days=1)} 00:00:00+00")
    period = BillingPeriod.of(first)
    for _offset in range(months_ahead + 1):
        yield _Wanted(LEDGER, f"{LEDGER}_{period.start:%Y%m}", str(period.start), str(period.end))
        period = period.next()


def _create(wanted: _Wanted) -> None:
    """Made aside and then attached: CREATE … PARTITION OF would lock the parent against every reader and writer."""
    names = {"new": sql.Identifier(wanted.name), "parent": sql.Identifier(wanted.table)}
    statements = [
        sql.SQL("CREATE TABLE {new} (LIKE {parent} INCLUDING ALL)").format(**names),
        sql.SQL("ALTER TABLE {parent} ATTACH PARTITION {new} FOR VALUES FROM ({first}) TO ({after})").format(
            **names, first=sql.Literal(wanted.first), after=sql.Literal(wanted.after)
        ),
    ]
    if wanted.table == LEDGER:
        # Row triggers come with the parent's; a TRUNCATE trigger guards only the table it stands on.
        statements.append(
            sql.SQL(
                "CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {new} "
                "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change()"
            ).format(**names)
        )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
