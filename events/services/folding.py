"""From the stage to ledger, aggregates, dead letters and the batch's verdict, in set-based SQL.

Written so that Citus can run it: the stage is local and the ledger distributed, and the two meet only through a
`WITH … AS MATERIALIZED` and an `INSERT … SELECT`; nothing joins them by a correlated subquery.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from events.models import DeadLetter
from events.services.catalogue import lock_months
from events.services.staging import ClaimedBatch, Stage

CONFLICT_IDS_KEPT = 100
A_MONTH = timedelta(days=31)

_STAGE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS events_stage (
        batch integer, "position" integer, series integer, slot integer,
        event_id varchar(255) COLLATE "C", quantity numeric(28, 8), occurred_at timestamptz, metadata jsonb
    ) ON COMMIT DELETE ROWS
"""

# The stage's numbers spelt out. Every number has its entry: LEFT JOIN only keeps the planner, who knows nothing of
# the stage, from expecting one row and planning loops within loops.
_STAGED = """
    SELECT * FROM events_stage
    LEFT JOIN unnest(%(batch_number)s::int[], %(batch_id)s::uuid[], %(organisation_id)s::uuid[],
        %(project_id)s::uuid[], %(received_at)s::timestamptz[])
        AS batches (batch, batch_id, organisation_id, project_id, received_at) USING (batch)
    LEFT JOIN unnest(%(series_number)s::int[], %(metric_id)s::uuid[], %(dimensions)s::jsonb[])
        AS series (series, metric_id, dimensions) USING (series)
    LEFT JOIN unnest(%(slot_number)s::int[], %(hour)s::timestamptz[], %(usage_month)s::date[], %(is_late)s::boolean[])
        AS slots (slot, hour, usage_month, is_late) USING (slot)
"""

# Rows go in by key, so that two workers with the same events wait for one another instead of deadlocking. The fold
# reads all of `fresh` before it writes, and writes by key as well: ledger first, aggregates second, for everybody.
_INSERT_AND_FOLD = f"""
    WITH fresh AS (
        INSERT INTO events_usageevent (organisation_id, project_id, metric_id, event_id, kind, quantity, occurred_at,
            received_at, received_month, hour, usage_month, is_late, dimensions, metadata, batch_id, "position")
        SELECT organisation_id, project_id, metric_id, event_id, 'usage', quantity, occurred_at,
            received_at, %(received_month)s, hour, usage_month, is_late, dimensions, metadata, batch_id, "position"
        FROM ({_STAGED}) staged
        ORDER BY event_id, project_id
        ON CONFLICT DO NOTHING
        RETURNING organisation_id, project_id, metric_id, dimensions, hour, usage_month, quantity, batch_id, "position"
    ),
    folded AS (
        INSERT INTO events_usageaggregate AS a
            (organisation_id, project_id, metric_id, dimensions, hour, usage_month, total, event_count)
        SELECT organisation_id, project_id, metric_id, dimensions, hour, usage_month, sum(quantity), count(*)
        FROM fresh
        GROUP BY organisation_id, project_id, metric_id, dimensions, hour, usage_month
        ORDER BY organisation_id, project_id, metric_id, dimensions, hour, usage_month
        ON CONFLICT (organisation_id, project_id, metric_id, dimensions, hour, usage_month) DO UPDATE
            SET total = a.total + excluded.total, event_count = a.event_count + excluded.event_count
    )
    SELECT batch_id, array_agg("position") FROM fresh GROUP BY batch_id
"""  # noqa: S608

# What of the stage is in the ledger already under another batch, and whether it says the same there. A timestamp
# equal to the time of receipt was left out by the sender: then the two copies may differ in it.
_ALREADY_COUNTED = f"""
    WITH staged AS MATERIALIZED ({_STAGED})
    SELECT s.batch, s."position", s.event_id,
        s.metric_id <> l.metric_id OR s.quantity <> l.quantity OR s.metadata IS DISTINCT FROM l.metadata
        OR (s.occurred_at <> l.occurred_at AND s.occurred_at <> s.received_at AND l.occurred_at <> l.received_at)
    FROM staged s
    JOIN events_usageevent l USING (organisation_id, project_id, event_id)
    WHERE l.received_month = ANY (%(months)s)
        AND l.received_at BETWEEN s.received_at - %(window)s AND s.received_at + %(window)s
        AND (%(only)s::int[] IS NULL OR (s.batch, s."position") IN (
            SELECT * FROM unnest(%(only)s::int[], %(only_positions)s::int[])))
"""  # noqa: S608


def write_stage(stage: Stage, *, received_month: date, other_months: Sequence[date]) -> None:
    """Count what is new, and leave on each batch what became of every event of it.

    `other_months` are the months of receipt, besides the batches' own, that the deduplication window reaches and
    that hold anything.
    """
    months = lock_months({(organisation_id, month) for organisation_id, _hour, month in stage.slots})
    with connection.cursor() as cursor:
        if stage.lines:
            lookups = _lookups(stage, months) | {"received_month": received_month}
            _copy(cursor, stage)
            if other_months:
                _take_out_seen(cursor, stage, lookups, other_months)
            _insert_and_fold(cursor, stage, lookups)
        _write_dead_letters(cursor, stage.batches)
        _mark_settled(cursor, stage.batches)


def _lookups(stage: Stage, months: dict[tuple[uuid.UUID, date], date]) -> dict[str, Any]:
    used = [(organisation_id, hour, month) for organisation_id, hour, month in stage.slots]
    return {
        "batch_number": list(range(len(stage.batches))),
        "batch_id": [batch.id for batch in stage.batches],
        "organisation_id": [batch.organisation_id for batch in stage.batches],
        "project_id": [batch.project_id for batch in stage.batches],
        "received_at": [batch.received_at for batch in stage.batches],
        "series_number": list(stage.series.values()),
        "metric_id": [metric_id for metric_id, _dimensions in stage.series],
        "dimensions": [dimensions for _metric_id, dimensions in stage.series],
        "slot_number": list(stage.slots.values()),
        "hour": [hour for _organisation_id, hour, _month in used],
        "usage_month": [months[organisation_id, month] for organisation_id, _hour, month in used],
        "is_late": [months[organisation_id, month] != month for organisation_id, _hour, month in used],
    }


def _copy(cursor: CursorWrapper, stage: Stage) -> None:
    cursor.execute(_STAGE)
    cursor.execute("DELETE FROM events_stage")  # empty, unless this is one transaction with an earlier chunk
    with cursor.copy("COPY events_stage FROM STDIN") as copy:
        copy.write("".join(stage.lines))


def _take_out_seen(cursor: CursorWrapper, stage: Stage, lookups: dict[str, Any], months: Sequence[date]) -> None:
    """Duplicates of what other partitions hold: their unique keys know nothing of this one's."""
    seen = _already_counted(cursor, stage, lookups, months, only=None)
    if seen:
        cursor.execute(
            """
            DELETE FROM events_stage USING unnest(%s::int[], %s::int[]) AS seen (batch, "position")
            WHERE events_stage.batch = seen.batch AND events_stage."position" = seen."position"
            """,
            [[batch for batch, _position in seen], [position for _batch, position in seen]],
        )


def _insert_and_fold(cursor: CursorWrapper, stage: Stage, lookups: dict[str, Any]) -> None:
    cursor.execute(_INSERT_AND_FOLD, lookups)
    inserted = dict(cursor.fetchall())
    refused: list[tuple[int, int]] = []
    for number, batch in enumerate(stage.batches):
        positions = inserted.get(batch.id, ())
        batch.counted = len(positions)
        if batch.counted + len(batch.not_staged) < batch.event_count:
            staged = set(range(batch.event_count)) - batch.not_staged
            refused += [(number, position) for position in sorted(staged.difference(positions))]
    if refused:
        _already_counted(cursor, stage, lookups, [lookups["received_month"]], only=refused)


def _already_counted(
    cursor: CursorWrapper,
    stage: Stage,
    lookups: dict[str, Any],
    months: Sequence[date],
    *,
    only: list[tuple[int, int]] | None,
) -> list[tuple[int, int]]:
    """Book the staged events that the ledger knows from these months as duplicates; which ones they are.

    `only` are those that the unique key refused: they are duplicates however long ago the first one came.
    """
    window = timedelta(days=settings.EVENTS_DEDUP_WINDOW_DAYS)
    parameters = lookups | {
        "months": list(months),
        "window": max(window, A_MONTH) if only else window,
        "only": [batch for batch, _position in only] if only else None,
        "only_positions": [position for _batch, position in only] if only else None,
    }
    with _index_look_ups(cursor):
        cursor.execute(_ALREADY_COUNTED, parameters)
        rows = cursor.fetchall()
    found: set[tuple[int, int]] = set()
    for number, position, event_id, differs in rows:
        if (number, position) in found:
            continue
        found.add((number, position))
        batch = stage.batches[number]
        batch.not_staged.add(position)
        batch.duplicates += 1
        if differs:
            batch.conflict_ids.append(event_id)
    return sorted(found)


@contextmanager
def _index_look_ups(cursor: CursorWrapper) -> Iterator[None]:
    """A planner that finds ten thousand look-ups dearer than reading the table would read a month of the ledger."""
    cursor.execute("SET LOCAL enable_seqscan = off")
    yield
    cursor.execute("SET LOCAL enable_seqscan = on")


def _write_dead_letters(cursor: CursorWrapper, batches: Sequence[ClaimedBatch]) -> None:
    """One open dead letter per event id: sending it again makes it younger, not more."""
    letters = [(batch, event) for batch in batches for event in batch.dead]
    for batch, event in sorted(letters, key=lambda letter: (letter[0].project_id, letter[1].event_id)):
        cursor.execute(
            """
            INSERT INTO events_deadletter AS d (id, created_at, updated_at, organisation_id, project_id, event_id,
                reason, message, payload, batch_id, status, attempts, first_seen_at, last_seen_at, resolved_by,
                resolution)
            VALUES (gen_random_uuid(), now(), now(), %s, %s, %s, %s, %s, %s::jsonb, %s, 'open', 1, %s, %s, '', '')
            ON CONFLICT (organisation_id, project_id, event_id) WHERE status = 'open' DO UPDATE
                SET attempts = d.attempts + 1, last_seen_at = excluded.last_seen_at, updated_at = now()
            """,
            [
                batch.organisation_id,
                batch.project_id,
                event.event_id,
                DeadLetter.Reason.METRIC_UNKNOWN,
                f"No metric {event.metric_name!r} in {event.unit!r} is defined, and the organisation is strict.",
                json.dumps(event.as_sent()),
                batch.id,
                batch.received_at,
                batch.received_at,
            ],
        )


def _mark_settled(cursor: CursorWrapper, batches: Sequence[ClaimedBatch]) -> None:
    """The verdict. The table's check constraint refuses one that doesn't add up."""
    received: list[datetime] = [batch.received_at for batch in batches]
    with _index_look_ups(cursor):
        cursor.execute(
            """
            UPDATE events_eventbatch b
            SET status = 'settled', settled_at = clock_timestamp(), counted = v.counted, duplicates = v.duplicates,
                dead_lettered = v.dead_lettered, conflicts = v.conflicts, conflict_ids = v.conflict_ids, retry_at = NULL
            FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[], %s::int[], %s::int[], %s::int[], %s::jsonb[])
                AS v (id, received_at, counted, duplicates, dead_lettered, conflicts, conflict_ids)
            WHERE b.id = v.id AND b.received_at = v.received_at AND b.received_at BETWEEN %s AND %s
            """,
            [
                [batch.id for batch in batches],
                received,
                [batch.counted for batch in batches],
                [batch.duplicates for batch in batches],
                [len(batch.dead) for batch in batches],
                [len(batch.conflict_ids) for batch in batches],
                [json.dumps(batch.conflict_ids[:CONFLICT_IDS_KEPT]) for batch in batches],
                min(received),
                max(received),
            ],
        )
