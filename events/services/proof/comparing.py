"""Compare some batches of the hot log with ledger and dead letters, event by event.

The packed events of a batch say what was accepted, the ledger says what was counted. An event of a settled batch is

- counted: the ledger has it under this batch and position, with the same contents;
- a duplicate: the ledger has its id within the deduplication window, from another batch or position; or
- dead-lettered: there is a dead letter with its id.

An event whose id is in the ledger *and* among the dead letters may be either of the last two: a dead letter that was
replayed later is in the ledger as well. So the batch's numbers are checked only against what is certain. Example: a
batch of 5 says 2 counted, 2 duplicates, 1 dead-lettered. The ledger has 2 of its events in their place. Of the other 3,
one is found in the ledger only, one among the dead letters only, one in both. Certain are 1 duplicate (of 2) and 1 dead
letter (of 1), and each event was found somewhere: the numbers hold. With 2 events among the dead letters only, they
would not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing_platform.lib.database.sql import query
from billing_platform.lib.number_formats import format_events
from events.models import DeadLetter, EventBatch
from events.services.partitions import ledger_month, ledger_months
from events.wire import packing
from events.wire.packing import StoredEvent

_SHOWN = 200


class FindingKind(StrEnum):
    EVENT_MISSING = "EVENT_MISSING"
    EVENT_DIFFERS = "EVENT_DIFFERS"
    EVENT_UNEXPECTED = "EVENT_UNEXPECTED"
    BATCH_COUNTS = "BATCH_COUNTS"
    BATCH_DAMAGED = "BATCH_DAMAGED"
    DAY_COUNTS = "DAY_COUNTS"


@dataclass(frozen=True, slots=True)
class AtStake:
    """How much usage of a metric is not counted, or counted though it ought not to be."""

    metric_name: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that doesn't agree. Ids are empty where the finding is about something larger, and it is not said what
    is at stake where no one event tells."""

    kind: FindingKind
    expected: str
    found: str
    organisation_id: UUID | None = None
    batch_id: UUID | None = None
    event_id: str = ""
    at_stake: AtStake | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger holds under an event's id."""

    batch_id: UUID
    position: int
    quantity: str
    metric_name: str
    unit: str
    occurred_at: datetime
    received_at: datetime
    metadata: str | None


@dataclass(slots=True)
class _Fates:
    """What was found out about one batch's events, by their positions in it."""

    events: list[StoredEvent]
    right: set[int] = field(default_factory=set)
    entries: defaultdict[int, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    dead: set[int] = field(default_factory=set)


_CREATE_VERIFICATION = query(__file__, "create_verification")
_FIND_COUNTED = query(__file__, "find_counted")
_FIND_ELSEWHERE = query(__file__, "find_elsewhere")
_FIND_DEAD = query(__file__, "find_dead")


def compare(batches: Sequence[EventBatch]) -> Iterator[Finding]:
    """What doesn't agree in some settled batches, all received on one UTC day."""
    readable: list[tuple[EventBatch, _Fates]] = []
    for batch in batches:
        try:
            readable.append((batch, _Fates(packing.unpack(bytes(batch.packed_events)))))
        except packing.DAMAGED as error:
            yield from _unreadable(batch, error)
    if readable:
        _look_up(readable)
    for batch, fates in readable:
        yield from _verdict(batch, fates)


def _unreadable(batch: EventBatch, error: Exception) -> Iterator[Finding]:
    """Right only if an operator discarded the batch: then one dead letter holds the packed events as they are."""
    stored = DeadLetter.objects.filter(
        organisation=batch.organisation_id, batch_id=batch.pk, event_id=f"batch {batch.pk}"
    )
    if batch.dead_lettered != batch.event_count or not stored.exists():
        yield _of(
            batch, FindingKind.BATCH_DAMAGED, format_events(batch.event_count), f"a payload that can't be read: {error}"
        )


def _look_up(batches: Sequence[tuple[EventBatch, _Fates]]) -> None:
    """Fill in what was found: first the events in their place in the ledger, then where the rest may be."""
    parameters = _parameters([batch for batch, _fates in batches])
    with transaction.atomic(), connection.cursor() as cursor:
        _copy(cursor, batches)
        # PostgreSQL may think ten thousand look-ups dearer than reading the whole month of the ledger.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(_FIND_COUNTED, parameters)
        for number, positions in cursor.fetchall():
            batches[number][1].right.update(positions)
        rest = [
            (number, position)
            for number, (_batch, fates) in enumerate(batches)
            if len(fates.right) < len(fates.events)
            for position in range(len(fates.events))
            if position not in fates.right
        ]
        if rest:
            parameters["rest_batch"], parameters["rest_position"] = map(list, zip(*rest, strict=True))
            cursor.execute(_FIND_ELSEWHERE, parameters)
            for number, position, *entry in cursor.fetchall():
                batches[number][1].entries[position].append(Entry(*entry))
            cursor.execute(_FIND_DEAD, parameters)
            for number, position in cursor.fetchall():
                batches[number][1].dead.add(position)
        cursor.execute("SET LOCAL enable_seqscan = on")


def _parameters(batches: Sequence[EventBatch]) -> dict[str, Any]:
    window = timedelta(days=settings.EVENTS_DEDUP_WINDOW_DAYS)
    received = [batch.received_at for batch in batches]
    return {
        "number": list(range(len(batches))),
        "batch_id": [batch.pk for batch in batches],
        "organisation_id": [batch.organisation_id for batch in batches],
        "project_id": [batch.project_id for batch in batches],
        "received_at": received,
        "month": ledger_month(received[0]),
        "months": ledger_months(min(received) - window, max(received) + window),
        "window": window,
    }


def _copy(cursor: CursorWrapper, batches: Iterable[tuple[EventBatch, _Fates]]) -> None:
    cursor.execute(_CREATE_VERIFICATION)
    cursor.execute("DELETE FROM events_verification")  # empty, unless this is one transaction with an earlier chunk
    with cursor.copy("COPY events_verification FROM STDIN") as copy:
        for number, (batch, fates) in enumerate(batches):
            received = batch.received_at.astimezone(UTC).isoformat()
            for position, event in enumerate(fates.events):
                copy.write_row(
                    (
                        number,
                        position,
                        event.event_id,
                        event.metric_name,
                        event.unit,
                        event.quantity,
                        event.timestamp or received,
                        _metadata(event),
                    )
                )


def _metadata(event: StoredEvent) -> str | None:
    text = str(event.metadata, "utf-8")
    return None if text == "null" else text


def _verdict(batch: EventBatch, fates: _Fates) -> Iterator[Finding]:
    counted, duplicates, dead_lettered = len(fates.right), 0, 0
    missing: set[str] = set()
    for position, event in enumerate(fates.events):
        if position in fates.right:
            continue
        entries, is_dead = fates.entries.get(position, []), position in fates.dead
        own = next((entry for entry in entries if entry.batch_id == batch.pk), None)
        if own is not None and not _is_its_copy(own, position, fates.events):
            counted += own.position == position
            expected, differs = _accepted(batch, event, position), _stake(event, own)
            yield _of(batch, FindingKind.EVENT_DIFFERS, expected, _shown(own), event.event_id, differs)
        elif entries or event.event_id in missing:  # of copies in one batch one would have been counted
            duplicates += not is_dead
        elif is_dead:
            dead_lettered += 1
        else:
            missing.add(event.event_id)
            expected = f"{_accepted(batch, event, position)}, in the ledger or among the dead letters"
            yield _of(batch, FindingKind.EVENT_MISSING, expected, "nowhere", event.event_id, _stake(event))
    if len(fates.events) != batch.event_count and batch.dead_lettered != batch.event_count:
        found = f"a payload of {format_events(len(fates.events))}"
        yield _of(batch, FindingKind.BATCH_DAMAGED, format_events(batch.event_count), found)
    if counted != batch.counted or duplicates > batch.duplicates or dead_lettered > batch.dead_lettered:
        yield _of(
            batch,
            FindingKind.BATCH_COUNTS,
            f"{batch.counted} counted, {batch.duplicates} duplicates, {batch.dead_lettered} dead-lettered",
            f"{counted} counted, at least {duplicates} duplicates and {dead_lettered} dead-lettered",
        )


def _is_its_copy(entry: Entry, position: int, events: Sequence[StoredEvent]) -> bool:
    """Whether this batch's own entry stands for another copy of the event in the same batch."""
    other = entry.position
    return other != position and other < len(events) and events[other].event_id == events[position].event_id


def _accepted(batch: EventBatch, event: StoredEvent, position: int) -> str:
    moment = event.timestamp or batch.received_at.astimezone(UTC).isoformat()
    return _text(event.quantity, event.unit, event.metric_name, moment, position, _metadata(event))


def _shown(entry: Entry) -> str:
    moment = entry.occurred_at.astimezone(UTC).isoformat()
    return _text(entry.quantity, entry.unit, entry.metric_name, moment, entry.position, entry.metadata)


def _text(quantity: str, unit: str, metric: str, moment: str, position: int, metadata: str | None) -> str:
    text = f"{quantity} {unit} of {metric} at {moment}, position {position}"
    return f"{text}, {metadata[:_SHOWN]}" if metadata else text


def _stake(event: StoredEvent, counted: Entry | None = None) -> AtStake | None:
    """What is missing of an event; None where it was counted as another metric's."""
    already = Decimal(0)
    if counted is not None:
        if (counted.metric_name, counted.unit) != (event.metric_name, event.unit):
            return None
        already = Decimal(counted.quantity)
    return AtStake(event.metric_name, event.unit, abs(Decimal(event.quantity) - already))


def _of(
    batch: EventBatch,
    kind: FindingKind,
    expected: str,
    found: str,
    event_id: str = "",
    at_stake: AtStake | None = None,
) -> Finding:
    return Finding(kind, expected, found, batch.organisation_id, batch.pk, event_id, at_stake)
