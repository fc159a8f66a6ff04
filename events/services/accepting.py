"""Accept usage: validate, write one row, answer. Everything else happens when the row is settled."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import NamedTuple

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError, InterfaceError, OperationalError

from billing_platform.lib import clock
from billing_platform.lib.database.failures import exists_already
from billing_platform.lib.database.sql import query
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.group_commit import GroupCommit, NotWritten
from billing_platform.lib.number_formats import format_events
from events.services.partitions import with_partitions
from events.wire import incoming, packing
from events.wire.incoming import AcceptedEvent, Limits, Rejection
from organisations.models import Project, now_of

_Reader = Callable[[bytes, Limits], tuple[list[AcceptedEvent], list[Rejection]]]


class Form(Enum):
    """How the body holds its events."""

    SINGLE = "single"
    BATCH = "batch"
    LINES = "lines"


_READERS: dict[Form, _Reader] = {
    Form.SINGLE: incoming.read_one,
    Form.BATCH: incoming.read_batch,
    Form.LINES: incoming.read_lines,
}

_VALUES = "(%b, %b, %b, %b, %b, %b, 'pending', 0, 0, 0, 0, '[]', 0, '')"


class NewBatch(NamedTuple):
    """The values of one row of the hot log, in the order of insert_batches.sql."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    project_id: uuid.UUID
    received_at: datetime
    event_count: int
    packed_events: bytes


# A larger request keeps the disk busy by itself: small ones that shared its commit would wait for it.
_SHARED_BYTES = 64 * 1024
_MOST_SHARED = 16


@dataclass(frozen=True, slots=True)
class Accepted:
    batch_id: uuid.UUID
    event_ids: tuple[str, ...]
    rejected: tuple[Rejection, ...]


def accept_events(*, project: Project, body: bytes, form: Form = Form.BATCH, atomic: bool = False) -> Accepted:
    """Store the valid events of a request as one pending batch; when this returns they are committed.

    Raises InvalidInput with the list of rejections if none is valid, or if one isn't and `atomic` asks for all.
    """
    now = clock.now()
    events, rejected = _read(body, form, _limited_by(project, now))
    if rejected and (atomic or not events):
        raise _all_refused(rejected, form)
    if not events:
        raise InvalidInput("The request holds no events.")
    batch_id = _store_events(project, events, now)
    return Accepted(batch_id, tuple(event.event_id for event in events), tuple(rejected))


@dataclass(frozen=True, slots=True)
class AcceptedLines:
    """What became of lines of a file. `batch_id` is None if none of them was valid."""

    received_at: datetime
    batch_id: uuid.UUID | None
    accepted: int
    rejected: tuple[Rejection, ...]


def accept_lines(*, project: Project, body: bytes) -> AcceptedLines:
    """Store the valid events among lines of JSON, as those of a request; none need be valid. In a transaction of the
    caller it is part of that."""
    now = clock.now()
    events, rejected = _read(body, Form.LINES, _limited_by(project, now))
    batch_id = _store_events(project, events, now) if events else None
    return AcceptedLines(now, batch_id, len(events), tuple(rejected))


def _limited_by(project: Project, now: datetime) -> datetime:
    """What timestamps are held against: a test customer's are of its own time. They are received now all the same."""
    return now_of(project.organisation) if project.organisation.is_test else now


def _store_events(project: Project, events: list[AcceptedEvent], now: datetime) -> uuid.UUID:
    batch_id = uuid.uuid4()
    _store(NewBatch(batch_id, project.organisation_id, project.pk, now, len(events), packing.pack(events)))
    return batch_id


def _read(body: bytes, form: Form, now: datetime) -> tuple[list[AcceptedEvent], list[Rejection]]:
    limits = Limits.at(now, horizon=timedelta(days=settings.EVENTS_HORIZON_DAYS), max_events=settings.EVENTS_MAX_BATCH)
    try:
        return _READERS[form](body, limits)
    except incoming.MalformedBody as error:
        raise InvalidInput(f"The body can't be read as JSON: {error}") from None
    except incoming.TooManyEvents as error:
        raise DomainError(str(error), code="PAYLOAD_TOO_LARGE", status=413) from None


def _all_refused(rejected: list[Rejection], form: Form) -> InvalidInput:
    details = {"rejected": [asdict(rejection) for rejection in rejected]}
    if form is Form.SINGLE:
        return InvalidInput(rejected[0].message, details=details)
    return InvalidInput(f"Not valid: {format_events(len(rejected))}. Nothing was accepted.", details=details)


def _store(batch: NewBatch) -> None:
    """Committed when it returns: with those of other threads that arrive meanwhile, if it is small."""
    if len(batch.packed_events) > _SHARED_BYTES or connection.in_atomic_block or not settings.FAST_PATH:
        return _store_alone(batch)
    try:
        _group.submit(batch)
    except (NotWritten, DatabaseError, InterfaceError):
        _store_alone(batch)


def _store_alone(batch: NewBatch) -> None:
    """One INSERT, committed by itself; again if the database was restarted since this thread's last request."""
    try:
        _insert_once(batch)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        _insert_once(batch)


def _insert_once(batch: NewBatch) -> None:
    """Nothing happens if the batch is stored already: its first try was committed just before the connection broke."""
    try:
        with_partitions(lambda: _insert([batch]), moments=lambda: [batch.received_at])
    except IntegrityError as error:
        if not exists_already(error):
            raise


def _insert(batches: Sequence[NewBatch], *, prepared: bool = False) -> None:
    """Past Django's cursor: the packed events travel in binary, and no health check costs a round trip."""
    connection.ensure_connection()
    # A savepoint only where there is a transaction already: by itself the statement is one.
    guard = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with guard, connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_statement(len(batches)), [value for batch in batches for value in batch], prepare=prepared)


def _insert_prepared(batches: Sequence[NewBatch]) -> None:
    """Parsed and planned once for each connection and number of rows."""
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 0  # None, Django's default, forbids it
    try:
        _insert(batches, prepared=True)
    finally:
        raw.prepare_threshold = None


@cache
def _statement(rows: int) -> bytes:
    return query(__file__, "insert_batches", rows=", ".join([_VALUES] * rows)).encode()


_group = GroupCommit(_insert_prepared, most=_MOST_SHARED)
