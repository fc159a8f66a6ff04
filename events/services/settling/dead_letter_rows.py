"""Keep events that can't be counted: one open dead letter per event id, however often it is sent or replayed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import DataError, connection, transaction

from events.wire.packing import StoredEvent, UnreadableRequest

# A replay that dies again goes on from the letter it came from. If the sender was faster and opened another one, the
# two become one: seen first when the earlier was, and as often as both together. Rows go in by key, so that two
# workers with the same events wait for one another instead of deadlocking.
_KEEP = """
    INSERT INTO events_deadletter AS d (id, created_at, updated_at, organisation_id, project_id, event_id, reason,
        message, payload, batch_id, status, attempts, first_seen_at, last_seen_at, resolved_by, resolution)
    SELECT gen_random_uuid(), now(), now(), new.organisation_id, new.project_id, new.event_id, new.reason,
        new.message, new.event::jsonb, new.batch_id, 'open', new.times + coalesce(older.attempts, 0),
        new.first_seen_at, CASE WHEN older.attempts IS NULL THEN new.last_seen_at ELSE now() END, '', ''
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::int[],
        %s::timestamptz[], %s::timestamptz[]) AS new (organisation_id, project_id, event_id, reason, message, event,
        batch_id, times, first_seen_at, last_seen_at)
    LEFT JOIN LATERAL (
        SELECT letter.attempts FROM events_deadletter letter
        WHERE letter.organisation_id = new.organisation_id AND letter.event_id = new.event_id
            AND letter.replay_batch_id = ANY (%s)
        LIMIT 1
    ) older ON true
    ORDER BY new.project_id, new.event_id COLLATE "C"
    ON CONFLICT (organisation_id, project_id, event_id) WHERE status = 'open' DO UPDATE
        SET attempts = d.attempts + excluded.attempts, updated_at = now(),
            first_seen_at = least(d.first_seen_at, excluded.first_seen_at),
            last_seen_at = greatest(d.last_seen_at, excluded.last_seen_at)
"""


@dataclass(frozen=True, slots=True)
class NewLetter:
    """An event that died, and where it came from."""

    organisation_id: UUID
    project_id: UUID
    batch_id: UUID
    received_at: datetime
    event: StoredEvent | UnreadableRequest
    reason: str
    message: str


def keep(letters: Sequence[NewLetter]) -> None:
    """In one statement, for a whole chunk may die of one misspelt metric. Of one id, the first is kept.

    What jsonb refuses is kept all the same: with its metadata wrapped up, as `StoredEvent.as_storable_json` writes it.
    """
    if not letters:
        return
    try:
        with transaction.atomic():
            _keep(letters, [letter.event.as_json() for letter in letters])
    except DataError:
        _keep(letters, [_storable(letter.event) for letter in letters])


def _storable(event: StoredEvent | UnreadableRequest) -> str:
    text = event.as_json()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::jsonb IS NULL", [text])
    except DataError:
        return event.as_storable_json()
    return text


def _keep(letters: Sequence[NewLetter], texts: Sequence[str]) -> None:
    together: defaultdict[tuple[UUID, str], list[tuple[NewLetter, str]]] = defaultdict(list)
    for letter, text in zip(letters, texts, strict=True):
        together[letter.project_id, letter.event.event_id].append((letter, text))
    rows = [
        (
            first.organisation_id,
            first.project_id,
            first.event.event_id,
            first.reason,
            first.message,
            text,
            first.batch_id,
            1 + len(others),
            min(letter.received_at for letter in (first, *(other for other, _text in others))),
            max(letter.received_at for letter in (first, *(other for other, _text in others))),
        )
        for (first, text), *others in together.values()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [*columns, list({letter.batch_id for letter in letters})])
