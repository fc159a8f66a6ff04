"""Settle the hot log: claim accepted batches, count their events once, whatever crashes and however many workers.

One transaction settles one chunk of batches. A crash anywhere undoes the whole chunk, and it is pending again.

Counted once, also across partitions
------------------------------------
The ledger's unique key holds within one month of receipt; the deduplication window (35 days) reaches into others.
A chunk therefore holds batches of one month only, and before inserting looks for its events in the other months.
That look can't see what another worker hasn't committed yet, so two chunks of different months must not overlap:

- A chunk takes the DEDUP lock shared if its own month is the newest that holds anything in the ledger within its
  reach, and exclusively otherwise. It checks that *after* it has the lock.
- Suppose two chunks of months m < n, within reach of each other, both hold it shared. The second saw rows of n, put
  there by a chunk that committed earlier, and the first of those held the lock exclusively, because it had found no
  row of n. The first chunk saw no row of n after it got the lock: so it got the lock before that exclusive holder
  did, which then waited for it to end. Hence the two don't overlap.
- So chunks that overlap are of one month, where the unique key decides.

In practice the lock is exclusive for one chunk at the start of each month, and for stragglers of the month before.

No deadlocks
------------
Every transaction takes locks in one order: batches (skipping what others hold), the DEDUP lock, new metrics, months,
ledger keys, aggregates, dead letters; and the locks of each kind in the order of their keys.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import DatabaseError, OperationalError

from billing_platform.lib import clock
from billing_platform.lib.database.failures import (
    facts_for_log,
    is_trouble_of_the_database,
    others_were_in_the_way,
    sentence,
    sqlstate,
)
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.database.sql import query
from events.models import EventBatch
from events.services.partitions import ledger_months, with_partitions
from events.services.settling.staging import ClaimedBatch, open_stage, stage_rows
from events.services.settling.writing import write_stage
from events.wire import packing

logger = logging.getLogger(__name__)

CHUNK_EVENTS = 10_000
TRIES_OF_A_CHUNK = 3
LOOK_EVERY = 0.2
MOST_SPOILED = 100
"""So many bad events of one batch become dead letters. If PostgreSQL refuses more, the cause is hardly the events."""

_CLAIM_CHUNK = query(__file__, "claim_chunk")
_CLAIM_ONE = query(__file__, "claim_one")


@dataclass(frozen=True, slots=True)
class SettleReport:
    """What one run did, and for which organisations. `unfinished`: time or batches ran out before the work did."""

    batches: int = 0
    counted: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    failed: int = 0
    unfinished: bool = False
    organisations: frozenset[UUID] = frozenset()

    def with_chunk(self, chunk: Sequence[ClaimedBatch]) -> SettleReport:
        return replace(
            self,
            batches=self.batches + len(chunk),
            counted=self.counted + sum(batch.counted for batch in chunk),
            duplicates=self.duplicates + sum(batch.duplicates for batch in chunk),
            dead_lettered=self.dead_lettered + sum(batch.dead_lettered for batch in chunk),
            organisations=self.organisations | {batch.organisation_id for batch in chunk if batch.counted},
        )


class _NeedsExclusive(Exception):
    """The chunk isn't of the newest month: begin again with the exclusive lock."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one transaction settles: the oldest batches, `limit` of them at most, or the batch `batch_id` alone.

    With `rehearse`, these events of that batch instead of its own, and everything is rolled back: it only shows
    whether they could be counted.
    """

    limit: int | None = None
    batch_id: UUID | None = None
    spoiled: dict[int, str] = field(default_factory=dict)
    rehearse: Sequence[packing.StoredEvent] | None = None

    @property
    def is_rehearsal(self) -> bool:
        return self.rehearse is not None


def settle_pending(
    *, limit_batches: int | None = None, seconds: float = 25.0, last_look_after: float = 0.0
) -> SettleReport:
    """Settle until nothing is pending that another worker doesn't hold, or until time or the limit is up.

    With `last_look_after` it doesn't end before it has looked once more, that many seconds after it began.
    """
    started = time.monotonic()
    deadline = started + seconds
    report = SettleReport()
    while limit_batches is None or report.batches + report.failed < limit_batches:
        if time.monotonic() >= deadline:
            return replace(report, unfinished=True)
        remaining = None if limit_batches is None else limit_batches - report.batches - report.failed
        after = _settle_next(report, remaining)
        if after is not None:
            report = after
        elif time.monotonic() >= started + last_look_after:
            return report
        else:
            time.sleep(LOOK_EVERY)
    return replace(report, unfinished=True)


def _settle_next(report: SettleReport, limit: int | None) -> SettleReport | None:
    """One chunk; or, when no fresh batch is left, one that failed before, alone. None when there is neither."""
    try:
        settled = _settle_chunk(_Wanted(limit=limit))
    except Exception as error:  # whatever one bad batch may throw: the others are not to wait for it
        if is_trouble_of_the_database(error):
            raise
        logger.error("chunk failed; its batches are settled one by one", extra=facts_for_log(error))
        return _settle_singly(report)
    if settled:
        return report.with_chunk(settled)
    failed_before = _due_for_retry()
    after = _settle_one(report, failed_before) if failed_before else report
    return after if after != report else None


def _settle_chunk(wanted: _Wanted) -> list[ClaimedBatch]:
    """Claim and settle in one transaction, again from the start when it has to be done otherwise."""
    exclusive = False
    for attempt in range(1, TRIES_OF_A_CHUNK + 1):
        try:
            return with_partitions(
                partial(_try_chunk, wanted, exclusive=exclusive), moments=partial(_moments_of_receipt, wanted)
            )
        except _NeedsExclusive:
            exclusive = True
        except OperationalError as error:
            if attempt == TRIES_OF_A_CHUNK or not others_were_in_the_way(error):
                raise
            logger.warning("chunk tried again", extra=facts_for_log(error))
    raise OperationalError("A chunk could not be settled: other transactions were in its way each time.")


def _try_chunk(wanted: _Wanted, *, exclusive: bool) -> list[ClaimedBatch]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Need not wait for the disk: after a crash that loses this commit the batches are pending again.
            cursor.execute("SET LOCAL synchronous_commit = off")
            batches = _claim(cursor, wanted)
        if not batches:
            return []
        month = batches[0].received_month
        advisory_lock(LockSpace.DEDUP, shared=not exclusive)
        used = months_in_use(batches)
        if not exclusive and max(used, default=None) != month:
            raise _NeedsExclusive
        stage, others = open_stage(batches), sorted(used - {month})
        rows = stage_rows(stage)
        write_stage(stage, rows, received_month=month, other_months=others, rehearsal=wanted.is_rehearsal)
        transaction.set_rollback(wanted.is_rehearsal)
    return batches


def _claim(cursor: CursorWrapper, wanted: _Wanted) -> list[ClaimedBatch]:
    if wanted.batch_id is None:
        return _claim_chunk(cursor, wanted.limit)
    cursor.execute(_CLAIM_ONE, {"batch_id": wanted.batch_id})
    found = [claimed(row) for row in cursor.fetchall()]
    if wanted.rehearse is not None:
        part, size = packing.pack(wanted.rehearse), len(wanted.rehearse)
        return [replace(batch, event_count=size, packed_events=part) for batch in found]
    return [replace(batch, spoiled=wanted.spoiled) for batch in found]


def _claim_chunk(cursor: CursorWrapper, limit: int | None) -> list[ClaimedBatch]:
    """The oldest batches nobody holds, of one month of receipt, up to CHUNK_EVENTS; one larger batch alone."""
    cursor.execute(_CLAIM_CHUNK)
    batches: list[ClaimedBatch] = []
    events, step = 0, 1
    while limit is None or len(batches) < limit:
        wanted = step if limit is None else min(step, limit - len(batches))
        cursor.execute("FETCH %s FROM pending", [wanted])
        fetched = [claimed(row) for row in cursor.fetchall()]
        for batch in fetched:
            if batches and not _fits(batch, batches[0], events):
                cursor.execute("CLOSE pending")
                return batches
            batches.append(batch)
            events += batch.event_count
        if len(fetched) < wanted:
            break
        # As many as will fit if they go on like this, but growing slowly: the sizes ahead are unknown.
        step = max(1, min(len(batches) * 4, (CHUNK_EVENTS - events) * len(batches) // max(events, 1)))
    cursor.execute("CLOSE pending")
    return batches


def _fits(batch: ClaimedBatch, first: ClaimedBatch, events: int) -> bool:
    return events + batch.event_count <= CHUNK_EVENTS and batch.received_month == first.received_month


def claimed(row: Sequence[Any]) -> ClaimedBatch:
    """A batch from the columns that the statements of claiming have in common."""
    batch_id, organisation_id, project_id, received_at, event_count, packed_events = row
    return ClaimedBatch(batch_id, organisation_id, project_id, received_at, event_count, bytes(packed_events))


def months_in_use(batches: Sequence[ClaimedBatch]) -> set[date]:
    """The months of receipt within the window around these batches that hold ledger rows."""
    window = timedelta(days=settings.EVENTS_DEDUP_WINDOW_DAYS)
    received = [batch.received_at for batch in batches]
    months = ledger_months(min(received) - window, max(received) + window)
    one = "(SELECT received_month FROM events_usageevent WHERE received_month = %s LIMIT 1)"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(months)), months)
        return {row[0] for row in cursor.fetchall()}


def _moments_of_receipt(wanted: _Wanted) -> list[datetime]:
    """When the batches were received that would be claimed now."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            moments = [batch.received_at for batch in _claim(cursor, wanted)]
        transaction.set_rollback(True)
    return moments


def _settle_singly(report: SettleReport) -> SettleReport:
    """After a chunk failed, settle each of its batches alone, so that one bad batch does not hold up the others."""
    with transaction.atomic(), connection.cursor() as cursor:
        suspects = [batch.id for batch in _claim_chunk(cursor, None)]
        transaction.set_rollback(True)
    for batch_id in suspects:
        report = _settle_one(report, batch_id)
    return report


def _due_for_retry() -> UUID | None:
    due = EventBatch.objects.filter(status=EventBatch.Status.PENDING, attempts__gt=0, next_attempt_at__lte=clock.now())
    return due.order_by("next_attempt_at").values_list("pk", flat=True).first()


def _settle_one(report: SettleReport, batch_id: UUID) -> SettleReport:
    try:
        try:
            return report.with_chunk(_settle_chunk(_Wanted(batch_id=batch_id)))
        except DatabaseError as error:
            if is_trouble_of_the_database(error):
                raise
            return report.with_chunk(_settle_without_spoiled(batch_id, error))
    except Exception as error:  # booked on the batch, which is tried again later
        if is_trouble_of_the_database(error):
            raise
        by_whom = None if isinstance(error, DatabaseError) else error
        logger.error("batch failed", extra={"batch": str(batch_id)} | facts_for_log(error), exc_info=by_whom)
        _book_failure(batch_id, error)
        return replace(report, failed=report.failed + 1)


def _settle_without_spoiled(batch_id: UUID, error: DatabaseError) -> list[ClaimedBatch]:
    """The database refused the batch: its bad events become dead letters, the others are counted.

    Which are bad is found by rehearsing halves, and halves of halves. Raises the error again if that finds none, or
    more than MOST_SPOILED.
    """
    batch = EventBatch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise error
    events = packing.unpack(bytes(batch.packed_events))
    spoiled: dict[int, str] = {}
    waiting = [range(len(events))]
    while waiting:
        positions = waiting.pop()
        refused = _rehearse(batch_id, [events[position] for position in positions])
        if refused is None:
            continue
        if len(positions) > 1:
            middle = len(positions) // 2
            waiting += [positions[middle:], positions[:middle]]
            continue
        spoiled[positions[0]] = why_spoiled(refused)
        if len(spoiled) > MOST_SPOILED:
            raise error
    if not spoiled:
        raise error
    logger.warning("events set aside", extra={"batch": str(batch_id), "events": len(spoiled)} | facts_for_log(error))
    return _settle_chunk(_Wanted(batch_id=batch_id, spoiled=spoiled))


def _rehearse(batch_id: UUID, events: Sequence[packing.StoredEvent]) -> DatabaseError | None:
    """Why these events of a batch can't be counted, or None."""
    try:
        _settle_chunk(_Wanted(batch_id=batch_id, rehearse=events))
    except DatabaseError as error:
        if is_trouble_of_the_database(error):
            raise
        return error
    return None


def why_spoiled(error: DatabaseError) -> str:
    return (
        f"The database can't store this event (SQLSTATE {sqlstate(error) or 'unknown'}). Edit it and have it counted, "
        "or discard it."
    )


def _book_failure(batch_id: UUID, error: Exception) -> None:
    """One attempt more; after the last the batch is put aside for an operator."""
    with transaction.atomic():
        batch = EventBatch.objects.select_for_update().filter(pk=batch_id, status=EventBatch.Status.PENDING).first()
        if batch is None:
            return
        batch.attempts += 1
        batch.save(update_fields=["attempts", *batch.fail(sentence(error))])
