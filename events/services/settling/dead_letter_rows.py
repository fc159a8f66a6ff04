"""Write events that can't be counted: one open dead letter per event id, however often it is sent or replayed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import DataError, connection, transaction

from billing_platform.lib.database.sql import query
from events.wire.packing import StoredEvent, UnreadableRequest

_WRITE = query(__file__, "write_dead_letters")


@dataclass(frozen=True, slots=True)
class NewLetter:
    """An event that can't be counted, why, and where it came from."""

    organisation_id: UUID
    project_id: UUID
    batch_id: UUID
    received_at: datetime
    event: StoredEvent | UnreadableRequest
    reason: str
    message: str


def write(letters: Sequence[NewLetter]) -> None:
    """Write the letters in one statement: one misspelt metric may reject a whole chunk. Of one id, the first is stored.

    An event that PostgreSQL refuses as JSON is stored too, with its metadata in base64
    (`StoredEvent.as_storable_json`).
    """
    if not letters:
        return
    try:
        with transaction.atomic():
            _write_rows(letters, [letter.event.as_json() for letter in letters])
    except DataError:
        _write_rows(letters, [_storable(letter.event) for letter in letters])


def _storable(event: StoredEvent | UnreadableRequest) -> str:
    text = event.as_json()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::jsonb IS NULL", [text])
    except DataError:
        return event.as_storable_json()
    return text


def _write_rows(letters: Sequence[NewLetter], texts: Sequence[str]) -> None:
    together: defaultdict[tuple[UUID, str], list[tuple[NewLetter, str]]] = defaultdict(list)
    for letter, text in zip(letters, texts, strict=True):
        together[letter.project_id, letter.event.event_id].append((letter, text))
    groups = [(*group[0], [letter.received_at for letter, _text in group]) for group in together.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {
                "organisation_id": [first.organisation_id for first, _text, _received in groups],
                "project_id": [first.project_id for first, _text, _received in groups],
                "event_id": [first.event.event_id for first, _text, _received in groups],
                "reason": [first.reason for first, _text, _received in groups],
                "message": [first.message for first, _text, _received in groups],
                "event": [text for _first, text, _received in groups],
                "batch_id": [first.batch_id for first, _text, _received in groups],
                "times": [len(received) for _first, _text, received in groups],
                "first_seen_at": [min(received) for _first, _text, received in groups],
                "last_seen_at": [max(received) for _first, _text, received in groups],
                "batch_ids": list({letter.batch_id for letter in letters}),
            },
        )
