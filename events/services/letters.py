"""Keep events that can't be counted: one open dead letter per event id, however often it is sent or replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

# A replay that dies again goes on from the letter it came from. If the sender was faster and opened another one, the
# two become one: seen first when the earlier was, and as often as both together.
_KEEP = """
    INSERT INTO events_deadletter AS d (id, created_at, updated_at, organisation_id, project_id, event_id, reason,
        message, payload, batch_id, status, attempts, first_seen_at, last_seen_at, resolved_by, resolution)
    SELECT gen_random_uuid(), now(), now(), %(organisation_id)s::uuid, %(project_id)s::uuid, %(event_id)s, %(reason)s,
        %(message)s, %(event)s::jsonb, %(batch_id)s::uuid, 'open', 1 + coalesce(max(older.attempts), 0),
        %(received_at)s::timestamptz, CASE WHEN count(*) = 0 THEN %(received_at)s::timestamptz ELSE now() END, '', ''
    FROM events_deadletter older
    WHERE older.organisation_id = %(organisation_id)s AND older.event_id = %(event_id)s
        AND older.replay_batch_id = %(batch_id)s
    ON CONFLICT (organisation_id, project_id, event_id) WHERE status = 'open' DO UPDATE
        SET attempts = d.attempts + excluded.attempts, updated_at = now(),
            first_seen_at = least(d.first_seen_at, excluded.first_seen_at),
            last_seen_at = greatest(d.last_seen_at, excluded.last_seen_at)
"""


@dataclass(frozen=True, slots=True)
class NewLetter:
    """An event that died, and where it came from. `event` is its JSON."""

    organisation_id: UUID
    project_id: UUID
    batch_id: UUID
    received_at: datetime
    event_id: str
    event: str
    reason: str
    message: str


def keep(letters: Sequence[NewLetter]) -> None:
    """Write them by key, so that two workers with the same events wait for one another instead of deadlocking."""
    with connection.cursor() as cursor:
        for letter in sorted(letters, key=lambda letter: (letter.project_id, letter.event_id)):
            cursor.execute(_KEEP, asdict(letter))
