"""Drop the days of the hot log that are older than the retention: settled, verified, and unchanged since.

What the check found on a day retains it until all of it is written off.

One transaction examines a day and drops it, so that no replay adds a batch in between. Its SHARE lock on the day's
partition stops new batches of that day, and of no other. DROP TABLE then needs ACCESS EXCLUSIVE on the whole hot log;
while it waits for that lock, accepting and settling queue up behind it. Therefore it waits no longer than LOCK_TIMEOUT,
gives up, lets the queue run empty, and tries again, TRIES times. A replay into that day holds the hot log and waits for
the partition: a deadlock. LOCK_TIMEOUT is shorter than PostgreSQL's deadlock_timeout, so the replay goes first. A run
that is killed has changed nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from time import sleep

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.db.utils import OperationalError
from psycopg import sql

from billing_platform.lib import clock
from billing_platform.lib.database.failures import others_were_in_the_way
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.database.sql import query
from events.models import EventBatch, HotLogDay, UsageEvent
from events.services.partitions import Partition, ledger_month, list_partitions, partition_exists, partition_of
from events.services.proof.verifying import batches_of, discrepancies_reason, locked_record, tally_of, unsettled_reason
from events.written_off import is_written_off

logger = logging.getLogger(__name__)

LOCK_TIMEOUT = "250ms"
TRIES = 20
PAUSE_SECONDS = 1
IN_USE = "The hot log was in use: the lock was not granted in time."
_NOTE_TALLIES = query(__file__, "note_tallies")
NOT_VERIFIED = "It has not been verified yet."


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """What a run did with one day. `retained_because` is a sentence, or empty if the day was dropped."""

    day: date
    batches: int
    bytes: int
    retained_because: str = ""


@dataclass(frozen=True, slots=True)
class DayState:
    """A partition of the hot log, for people.

    `retained_because` says why a day past its retention was not dropped. `batches` is filled only for such days,
    because counting is slow.
    """

    partition: Partition
    day: date
    record: HotLogDay | None
    unsettled: int
    batches: int | None = None
    retained_because: str = ""


def drop_old_partitions(*, dry_run: bool = False) -> list[DayOutcome]:
    """Drop the verified days older than EVENTS_HOT_RETENTION_DAYS; say of the others why they were not dropped.

    With `dry_run` nothing is locked, written or dropped: the outcomes say what would happen.
    """
    outcomes = []
    for partition in list_partitions():
        if partition.day is None or not _is_past_retention(partition.day):
            continue
        outcome = _look(partition.day) if dry_run else _drop_patiently(partition.day)
        if outcome is None:
            continue
        outcomes.append(outcome)
        if not dry_run:
            _log(outcome)
    return outcomes


def states() -> list[DayState]:
    """Every partition of the hot log, oldest first."""
    partitions = {partition.day: partition for partition in list_partitions() if partition.day}
    records = HotLogDay.objects.in_bulk(list(partitions), field_name="day")
    unsettled = _unsettled_by_day()
    found = []
    for day, partition in partitions.items():
        state = DayState(partition, day, records.get(day), unsettled.get(day, 0))
        if _is_past_retention(day):
            batches = batches_of(day).count()
            reason = _why_retained(state.record, batches, state.unsettled)
            state = replace(state, batches=batches, retained_because=reason)
        found.append(state)
    return found


def _unsettled_by_day() -> dict[date, int]:
    waiting = EventBatch.objects.exclude(status=EventBatch.Status.SETTLED).order_by()
    by_day = waiting.annotate(day=TruncDate("received_at", tzinfo=UTC)).values_list("day").annotate(Count("pk"))
    return dict(by_day)


def _is_past_retention(day: date) -> bool:
    today = clock.now().astimezone(UTC).date()
    return day < today - timedelta(days=max(settings.EVENTS_HOT_RETENTION_DAYS, 0))


def _look(day: date) -> DayOutcome:
    tally = tally_of(day)
    reason = _why_retained(HotLogDay.objects.filter(day=day).first(), tally.batches, tally.unsettled)
    return DayOutcome(day, tally.batches, _bytes(day), reason)


def _drop_patiently(day: date) -> DayOutcome | None:
    for attempt in range(1, TRIES + 1):
        try:
            return _drop(day)
        except OperationalError as error:
            if not others_were_in_the_way(error):
                raise
            if attempt < TRIES:
                sleep(PAUSE_SECONDS)
    with transaction.atomic():
        record = locked_record(day)
        return _retain(record, tally_of(day).batches, IN_USE) if partition_exists(partition_of(day)) else None


def _drop(day: date) -> DayOutcome | None:
    """Drop the day in one transaction. None if another run has dropped it already."""
    name = partition_of(day)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        advisory_lock(LockSpace.PARTITIONS)
        if not partition_exists(name):
            return None
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.Identifier(name)))
        record, tally = locked_record(day), tally_of(day)
        reason = _why_retained(record, tally.batches, tally.unsettled)
        if reason:
            return _retain(record, tally.batches, reason)
        size = _bytes(day)
        record.retained_because = ""
        record.dropped_at = clock.now()
        cursor.execute(_NOTE_TALLIES, _bounds(day) | {"day": day, "now": record.dropped_at})
        record.dropped_batches += tally.batches
        record.dropped_counted = _entries(day) if record.discrepancies else record.dropped_counted + tally.counted
        record.written_off = record.discrepancies
        record.dropped_bytes += size
        record.save()
        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))  # last: from here on all others wait
    return DayOutcome(day, tally.batches, size)


def _retain(record: HotLogDay, batches: int, reason: str) -> DayOutcome:
    record.retained_because = reason
    if record.dropped_at:  # its partition was made again by a replay: what was verified or written off is gone
        record.dropped_at, record.verified_at, record.written_off = None, None, 0
        record.discrepancies, record.findings = 0, []
    record.save()
    return DayOutcome(record.day, batches, _bytes(record.day), reason)


def _why_retained(record: HotLogDay | None, batches: int, unsettled: int) -> str:
    """A sentence, or nothing if the day may go."""
    if unsettled:
        return unsettled_reason(unsettled)
    if record is None or record.state not in (HotLogDay.State.VERIFIED, HotLogDay.State.DIFFERS):
        return NOT_VERIFIED
    if record.discrepancies and not is_written_off(record):
        return discrepancies_reason(record.discrepancies)
    if record.batches != batches:
        return f"{batches - record.batches} of its batches came after it was verified."
    return ""


def _entries(day: date) -> int:
    """How many entries the ledger has of a day: not as many as its batches say, where something is written off."""
    start, end = _bounds(day).values()
    received = {"received_at__gte": start, "received_at__lt": end}
    kind = UsageEvent.Kind.USAGE
    return UsageEvent.objects.filter(received_month=ledger_month(start), kind=kind, **received).count()


def _bounds(day: date) -> dict[str, datetime]:
    start = datetime.combine(day, time.min, tzinfo=UTC)
    return {"start": start, "end": start + timedelta(days=1)}


def _bytes(day: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_total_relation_size(to_regclass(%s)), 0)", [partition_of(day)])
        return int(cursor.fetchone()[0])


def _log(outcome: DayOutcome) -> None:
    facts = {"day": str(outcome.day), "batches": outcome.batches, "bytes": outcome.bytes}
    if outcome.retained_because:
        logger.warning("hot log day not dropped", extra=facts | {"reason": outcome.retained_because})
    else:
        logger.info("hot log day dropped", extra=facts)
