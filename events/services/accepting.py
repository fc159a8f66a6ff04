"""Accept usage: validate, write one row, answer. Everything else happens when the row is settled."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import IntegrityError, InterfaceError, OperationalError

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from events import incoming, payload
from events.incoming import Limits, Rejection, Row
from events.services.partitions import ensure_partitions, is_missing_partition
from organisations.models import Project

_Reader = Callable[[bytes, Limits], tuple[list[Row], list[Rejection]]]


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

_INSERT = """
    INSERT INTO events_eventbatch (id, organisation_id, project_id, received_at, event_count, payload, status,
        counted, duplicates, dead_lettered, conflicts, conflict_ids, attempts, last_error)
    VALUES (%b, %b, %b, %b, %b, %b, 'pending', 0, 0, 0, 0, '[]', 0, '')
"""


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
    rows, rejected = _read(body, form, now)
    if rejected and (atomic or not rows):
        raise _all_refused(rejected, form)
    if not rows:
        raise InvalidInput("The request holds no events.")
    batch_id = uuid.uuid4()
    _store(batch_id, project, now, rows)
    return Accepted(batch_id, tuple(row[0] for row in rows), tuple(rejected))


def _read(body: bytes, form: Form, now: datetime) -> tuple[list[Row], list[Rejection]]:
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
    return InvalidInput(f"{len(rejected)} events are not valid; nothing was accepted.", details=details)


def _store(batch_id: uuid.UUID, project: Project, now: datetime, rows: list[Row]) -> None:
    """One INSERT, committed by itself, and again if the reason it failed can be mended here."""
    values = (batch_id, project.organisation_id, project.pk, now, len(rows), payload.pack(rows))
    try:
        _insert(values)
    except IntegrityError as error:
        if not is_missing_partition(error):
            raise
        ensure_partitions(at=now)  # the daily job is a week late
        _insert(values)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        # The database was restarted since this thread's last request. Had the first try arrived after all, the
        # second would meet its primary key.
        connection.close()
        with suppress(IntegrityError):
            _insert(values)


def _insert(values: tuple[object, ...]) -> None:
    """Past Django's cursor: the payload travels in binary, and no health check costs a round trip."""
    connection.ensure_connection()
    # A savepoint only where there is a transaction already: by itself the statement is one.
    guard = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with guard, connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_INSERT, values)
