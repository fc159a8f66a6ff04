"""What an operator does with a dead letter: replay it, edited or not, see beforehand what that would do, or discard it.

A replay is a batch like any other, but received when its events were first (`first_seen_at`): so the deduplication
window, a missing timestamp and the billing month mean what they meant then. Settling does the rest.

Letters are locked in the order in which settling writes them. While they are locked, no other lock is waited for.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Collate
from msgspec import Raw

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from events.models import DeadLetter, EventBatch, Metric
from events.models.metric import OPERATION, OPERATIONS
from events.services.bulk_report import BulkReport
from events.services.partitions import with_partitions
from events.services.settling.known_metrics import MetricKey, Tenant, load_tenants, read_metrics, room_for_metrics
from events.services.settling.rehearsal import Rehearsal, rehearse
from events.services.settling.staging import names_value, operation_of
from events.wire import incoming, packing
from events.wire.incoming import AcceptedEvent, Limits, Rejection
from events.wire.packing import StoredEvent
from organisations import audit

Reason = DeadLetter.Reason
Status = DeadLetter.Status

CHUNK = 500
"""Letters of one transaction. A run that is killed half-way has done its whole chunks, and may be started again."""
_LONGEST_VALUE_SHOWN = 100

_FIELD_OF_CODE = {
    "INVALID_QUANTITY": "metric_value",
    "TIMESTAMP_OUT_OF_RANGE": "timestamp",
    "METADATA_TOO_LARGE": "metadata",
    "INVALID_METADATA": "metadata",
}
_FIELD_IN_MESSAGE = re.compile(r"^(\w+): |field `(\w+)`")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def replay(*, letter_ids: Sequence[UUID], by: str, reason: str = "") -> BulkReport:
    """Put those back for counting that would be counted now; the others stay open.

    One transaction for each CHUNK, and in it one batch per project and moment of first receipt.
    """
    report = BulkReport()
    for chunk in _chunks(letter_ids):
        done, left = with_partitions(
            partial(_replay_chunk, chunk, by, reason), moments=partial(_days_of_receipt, chunk)
        )
        report.done += done
        report.left.update(left)
    return report


def replay_one(*, letter_id: UUID, by: str, reason: str = "") -> DeadLetter:
    """Put one letter's event back for counting, as it is.

    Raises NotFound or DEAD_LETTER_RESOLVED; and METRIC_UNKNOWN, METRIC_LIMIT, VALUE_MISSING, OPERATION_UNKNOWN,
    EVENT_UNSTORABLE or DEAD_LETTER_UNREADABLE if it would only be rejected again.
    """
    return _replay_one(letter_id, by, reason)


def replay_edited(*, letter_id: UUID, event: Mapping[str, Any], by: str, reason: str = "") -> DeadLetter:
    """Put one letter's event back for counting as an operator has edited it; the letter still shows what was sent.

    The event is validated like a request that was received at `first_seen_at`. Raises what `replay_one` raises, and
    InvalidInput with the fields that are wrong.
    """
    return _replay_one(letter_id, by, reason, edited=event)


def dry_run(*, letter_id: UUID, event: Mapping[str, Any] | None = None) -> Rehearsal:
    """What replaying one letter would do now, as it is or as edited. Nothing is stored, and the letter is not locked.

    Raises what `replay_one` and `replay_edited` would raise; and BUSY while the month is being invoiced or rebuilt.
    """
    letter = _letters([letter_id]).first()
    if letter is None:
        raise NotFound("There is no such dead letter.")
    _sent, replayed = _replayable(letter, event)
    return rehearse(
        organisation_id=letter.organisation_id,
        project_id=letter.project_id,
        received_at=letter.first_seen_at,
        event=replayed,
    )


def discard(*, letter_ids: Sequence[UUID], reason: str, by: str) -> BulkReport:
    """Discard the letters that are open, in one transaction for each CHUNK."""
    _require(reason)
    report = BulkReport()
    for chunk in _chunks(letter_ids):
        with transaction.atomic():
            letters = _locked(chunk)
            still_open = [letter for letter in letters if letter.status == Status.OPEN]
            _resolve(still_open, Status.DISCARDED, by, reason)
        report.done += len(still_open)
        report.left.update(_already(letter).message for letter in letters if letter not in still_open)
    return report


def discard_one(*, letter_id: UUID, reason: str, by: str) -> DeadLetter:
    """Discard one letter: its event stays stored and is never counted. Raises NotFound or DEAD_LETTER_RESOLVED."""
    _require(reason)
    with transaction.atomic():
        letter: DeadLetter = _open_letter(letter_id)
        _resolve([letter], Status.DISCARDED, by, reason)
    return letter


def _require(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput.field("reason", "Say why the event is given up.")


def _chunks(letter_ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (letter_ids[start : start + CHUNK] for start in range(0, len(letter_ids), CHUNK))


def _days_of_receipt(letter_ids: Sequence[UUID]) -> Iterable[datetime]:
    """The days of the hot log that a replay of these letters goes to; retention may have dropped them."""
    days: Iterable[datetime] = DeadLetter.objects.filter(pk__in=letter_ids).datetimes("first_seen_at", "day")
    return days


def _replay_chunk(letter_ids: Sequence[UUID], by: str, reason: str) -> tuple[int, Counter[str]]:
    events: dict[UUID, AcceptedEvent] = {}
    left: Counter[str] = Counter()
    with transaction.atomic():
        letters = _locked(letter_ids)
        for letter in letters:
            try:
                events[letter.pk] = _event_of(letter)
            except DomainError as error:
                left[error.message] += 1
        readable = [letter for letter in letters if letter.pk in events]
        refused = _obstacles(readable, events)
        left.update(error.message for error in refused.values())
        ready = [letter for letter in readable if letter.pk not in refused]
        _put_back(ready, events, by, reason)
    return len(ready), left


def _replay_one(letter_id: UUID, by: str, reason: str, *, edited: Mapping[str, Any] | None = None) -> DeadLetter:
    return with_partitions(
        partial(_replay_open_letter, letter_id, by, reason, edited), moments=partial(_days_of_receipt, [letter_id])
    )


def _replay_open_letter(letter_id: UUID, by: str, reason: str, edited: Mapping[str, Any] | None) -> DeadLetter:
    with transaction.atomic():
        letter: DeadLetter = _open_letter(letter_id)
        sent, event = _replayable(letter, edited)
        events = {letter.pk: event}
        before, after = _fields_of(sent), _fields_of(event)
        if before == after:
            _put_back([letter], events, by, reason)
        else:
            resolution = "\n".join(filter(None, [reason, f"Edited: {_difference(before, after)}."]))
            _put_back([letter], events, by, resolution, edit=(_text(before), _text(after)))
    return letter


def _replayable(letter: Any, edited: Mapping[str, Any] | None) -> tuple[AcceptedEvent, AcceptedEvent]:
    """A letter's event as it was sent, and as it is to be counted. Raises why it would only be rejected again."""
    sent = _event_of(letter)
    event = sent if edited is None else _edited_event(letter, edited)
    for error in _obstacles([letter], {letter.pk: event}).values():
        raise error
    return sent, event


def _open_letter(letter_id: UUID) -> Any:
    letters = _locked([letter_id])
    if not letters:
        raise NotFound("There is no such dead letter.")
    if letters[0].status != Status.OPEN:
        raise _already(letters[0])
    return letters[0]


def _locked(letter_ids: Sequence[UUID]) -> list[Any]:
    return list(_letters(letter_ids).select_for_update().order_by("project_id", Collate("event_id", "C"), "pk"))


def _letters(letter_ids: Sequence[UUID]) -> QuerySet[Any]:
    """The letters, each with its event as text: read as a dictionary, its numbers would have become floats."""
    named = DeadLetter.objects.filter(pk__in=letter_ids).defer("accepted_event")
    letters: QuerySet[Any] = named.annotate(event_text=Cast("accepted_event", TextField()))
    return letters


def _already(letter: DeadLetter) -> DomainError:
    return DomainError(
        f"It was {letter.get_status_display().lower()} already, by {letter.resolved_by}.", code="DEAD_LETTER_RESOLVED"
    )


class _DeadEvent(msgspec.Struct):
    """An event as a dead letter stores it: what `StoredEvent.as_json` writes."""

    metric_name: str
    metric_value: str
    unit: str
    timestamp: datetime | None = None
    metadata: Raw = Raw(b"null")


def _event_of(letter: Any) -> AcceptedEvent:
    """A letter's own event. Raises DEAD_LETTER_RESOLVED or DEAD_LETTER_UNREADABLE."""
    if letter.status != Status.OPEN:
        raise _already(letter)
    try:
        event = msgspec.json.decode(letter.event_text, type=_DeadEvent)
    except msgspec.ValidationError:
        raise DomainError(
            "It is a whole request that can't be read, stored as it came: its sender has to send it again.",
            code="DEAD_LETTER_UNREADABLE",
        ) from None
    metadata = None if bytes(event.metadata) == b"null" else event.metadata
    return AcceptedEvent(letter.event_id, event.metric_name, event.unit, event.metric_value, event.timestamp, metadata)


def _edited_event(letter: DeadLetter, event: Mapping[str, Any]) -> AcceptedEvent:
    """Validate it again as a request. The id must stay: under another id it would be another event."""
    if event.get("event_id", letter.event_id) != letter.event_id:
        raise InvalidInput.field("event_id", f"It stays {letter.event_id!r}: under another id it could count twice.")
    horizon = timedelta(days=settings.EVENTS_HORIZON_DAYS)
    try:
        body = _encode({**event, "event_id": letter.event_id})
        events, rejected = incoming.read_one(body, Limits.at(letter.first_seen_at, horizon=horizon, max_events=1))
    except (RecursionError, UnicodeEncodeError, incoming.MalformedBody):
        raise InvalidInput.field("event", "This can't be written as JSON.") from None
    if rejected:
        raise InvalidInput.field(_field_of(rejected[0]), rejected[0].message)
    return events[0]


def _field_of(rejection: Rejection) -> str:
    named = _FIELD_IN_MESSAGE.search(rejection.message)
    return _FIELD_OF_CODE.get(rejection.code) or (named and (named[1] or named[2])) or "event"


def _obstacles(letters: Sequence[DeadLetter], events: Mapping[UUID, AcceptedEvent]) -> dict[UUID, DomainError]:
    """Why some of them would only be rejected again, by the rules of settling/staging.py, and what to do instead."""
    tenants = load_tenants(letter.organisation_id for letter in letters)
    wanted: defaultdict[UUID, set[MetricKey]] = defaultdict(set)
    for letter in letters:
        wanted[letter.organisation_id].add((events[letter.pk].metric_name, events[letter.pk].unit))
    read_metrics(tenants, wanted)
    room = room_for_metrics(tenants)
    found = (
        (letter.pk, _obstacle(tenants[letter.organisation_id], events[letter.pk], room[letter.organisation_id]))
        for letter in letters
    )
    return {letter_id: error for letter_id, error in found if error is not None}


def _obstacle(tenant: Tenant, event: AcceptedEvent, room: int) -> DomainError | None:
    name, unit, metadata = event.metric_name, event.unit, event.metadata
    if metadata and bytes(metadata).startswith(b'{"%s":' % packing.UNSTORABLE.encode()):
        return DomainError(
            f"Its metadata can't be stored as it was sent; it is stored under {packing.UNSTORABLE!r}: edit the event's "
            "metadata, or discard it.",
            code=Reason.EVENT_UNSTORABLE,
        )
    metric = tenant.metrics.get((name, unit))
    if metric is None:
        if not tenant.strict and room:
            return None
        code = Reason.METRIC_UNKNOWN if tenant.strict else Reason.METRIC_LIMIT
        return DomainError(f"Define the metric {name} ({unit}) first, or edit the event.", code=code)
    stored = StoredEvent("", name, unit, "", None, metadata or Raw(b"null"))
    if metric.aggregation == Metric.Aggregation.WEIGHTED_SUM and operation_of(stored) not in OPERATIONS:
        return DomainError(
            f"{name} ({unit}) is a level: write {' or '.join(OPERATIONS)} as {OPERATION!r} in the event's metadata.",
            code=Reason.OPERATION_UNKNOWN,
        )
    if not metric.unique_property or names_value(metric.unique_property, stored):
        return None
    return DomainError(
        f"{name} ({unit}) counts the different values of {metric.unique_property!r}: give the event's metadata one.",
        code=Reason.VALUE_MISSING,
    )


def _put_back(
    letters: Sequence[Any],
    events: Mapping[UUID, AcceptedEvent],
    by: str,
    resolution: str,
    edit: tuple[str, str] | None = None,
) -> None:
    """Into the hot log, as received when they were first; and the letters say in which batch."""
    together: defaultdict[tuple[UUID, datetime], list[Any]] = defaultdict(list)
    for letter in letters:
        together[letter.project_id, letter.first_seen_at].append(letter)
    batches = [
        EventBatch(
            organisation_id=same[0].organisation_id,
            project_id=project_id,
            received_at=received_at,
            event_count=len(same),
            packed_events=packing.pack([events[letter.pk] for letter in same]),
            is_replay=True,
        )
        for (project_id, received_at), same in together.items()
    ]
    EventBatch.objects.bulk_create(batches)
    for batch, same in zip(batches, together.values(), strict=True):
        _resolve(same, Status.REPLAYED, by, resolution, replay_batch_id=batch.pk, edit=edit)


def _resolve(
    letters: Sequence[Any],
    status: DeadLetter.Status,
    by: str,
    resolution: str,
    *,
    replay_batch_id: UUID | None = None,
    edit: tuple[str, str] | None = None,
) -> None:
    """One statement for all of them, and an entry in the audit log for each."""
    resolved = {
        "status": status,
        "resolved_at": clock.now(),
        "resolved_by": by,
        "resolution": resolution,
        "replay_batch_id": replay_batch_id,
    }
    DeadLetter.objects.filter(pk__in=[letter.pk for letter in letters]).update(**resolved, updated_at=clock.now())
    changes: dict[str, Any] = {"status": (Status.OPEN, status)} | ({"accepted_event": edit} if edit else {})
    for letter in letters:
        for name, value in resolved.items():
            setattr(letter, name, value)
    audit.note_all(letters, reason=resolution, **changes)


def _fields_of(event: AcceptedEvent) -> dict[str, Any]:
    """What may be edited of an event, to compare and to show."""
    return {
        "metric_name": event.metric_name,
        "metric_value": Decimal(event.quantity),
        "unit": event.unit,
        "timestamp": event.timestamp,
        "metadata": json.loads(bytes(event.metadata), parse_float=Decimal) if event.metadata else None,
    }


def _text(value: Any) -> str:
    return _encode(value).decode()


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {_text(before[name])[:_LONGEST_VALUE_SHOWN]} → {_text(after[name])[:_LONGEST_VALUE_SHOWN]}"
        for name in after
        if before[name] != after[name]
    )
