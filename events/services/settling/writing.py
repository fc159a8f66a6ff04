"""From the stage to ledger, aggregates, dead letters and the batch's verdict, in set-based SQL.

Written so that Citus can run it: the stage is local and the ledger distributed, and the two meet only through a
`WITH … AS MATERIALIZED` and an `INSERT … SELECT`; nothing joins them by a correlated subquery.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod, local_date
from events.models import Metric
from events.services.counting_days import today_counted
from events.services.months import CountedIn, lock_months
from events.services.settling import dead_letter_rows
from events.services.settling.staging import ClaimedBatch, Stage

CONFLICT_IDS_STORED = 100
A_MONTH = timedelta(days=31)

_CREATE_STAGE = query(__file__, "create_stage")
_FIND_COUNTED = query(__file__, "find_counted")
_FIND_COUNTED_AMONG_DEAD = query(__file__, "find_counted_among_dead")
_UNSTAGE = query(__file__, "unstage")
_INSERT_INTO_LEDGER = query(__file__, "insert_into_ledger")
_FOLD = query(__file__, "add_stage_to_aggregates")
_FOLD_LEVELS = query(__file__, "add_stage_to_levels")
_FOLD_DISTINCT = query(__file__, "add_stage_to_distinct")
_MARK_SETTLED = query(__file__, "mark_settled")


def write_stage(
    stage: Stage,
    rows: Iterable[str],
    *,
    received_month: date,
    other_months: Sequence[date],
    rehearsal: bool = False,
) -> None:
    """Count what is new, and leave on each batch what became of every event of it.

    `rows` are made while they are copied: PostgreSQL reads one batch while Python makes the next. The stage knows all
    its series and slots when the last one is read.
    A rehearsal leaves out the verdict: it is to be rolled back, and may hold a part of a batch only.
    `other_months` are the months of receipt, besides the batches' own, that the deduplication window reaches and
    that hold anything.
    """
    with connection.cursor() as cursor:
        _copy(cursor, rows)
        _mark_dead_events_already_counted(cursor, stage.batches, [received_month, *other_months])
        months = lock_months(
            usage=[(slot.organisation_id, slot.month) for slot in stage.slots if not slot.is_level],
            levels=[(slot.organisation_id, slot.month) for slot in stage.slots if slot.is_level],
        )
        if stage.staged:
            lookups = _lookups(stage, months) | {"received_month": received_month, "counted_on": today_counted()}
            if other_months:
                _take_out_seen(cursor, stage, lookups, other_months)
            _insert(cursor, stage, lookups)
            _fold(cursor, lookups)
        _write_dead_letters(stage.batches)
        if not rehearsal:
            _mark_settled(cursor, stage.batches)


def _lookups(stage: Stage, months: CountedIn) -> dict[str, Any]:
    counted_in = [
        (months.levels if slot.is_level else months.usage)[slot.organisation_id, slot.month] for slot in stage.slots
    ]
    return {
        "batch_number": list(range(len(stage.batches))),
        "batch_id": [batch.id for batch in stage.batches],
        "received_at": [batch.received_at for batch in stage.batches],
        "series_number": list(stage.series.values()),
        "organisation_id": [series.organisation_id for series in stage.series],
        "project_id": [series.project_id for series in stage.series],
        "metric_id": [series.metric.id for series in stage.series],
        "dimensions": [series.dimensions for series in stage.series],
        "max_series": _numbers(stage, Metric.Aggregation.MAX),
        "latest_series": _numbers(stage, Metric.Aggregation.LATEST),
        "weighted_series": _numbers(stage, Metric.Aggregation.WEIGHTED_SUM),
        "unique_series": _numbers(stage, Metric.Aggregation.UNIQUE),
        "unique_property": [series.metric.unique_property for series in stage.series if series.metric.unique_property],
        "slot_number": list(stage.slots.values()),
        "hour": [slot.hour for slot in stage.slots],
        "used_in": [
            BillingPeriod.of(local_date(slot.hour, stage.tenants[slot.organisation_id].zone)).start
            for slot in stage.slots
        ],
        "counted_in": counted_in,
        "is_late": [month != slot.month for slot, month in zip(stage.slots, counted_in, strict=True)],
    }


def _numbers(stage: Stage, aggregation: Metric.Aggregation) -> list[int]:
    return [number for series, number in stage.series.items() if series.metric.aggregation == aggregation]


def _copy(cursor: CursorWrapper, rows: Iterable[str]) -> None:
    cursor.execute(_CREATE_STAGE)
    cursor.execute("DELETE FROM events_stage")  # empty, unless this is one transaction with an earlier chunk
    with connection.wrap_database_errors, cursor.copy("COPY events_stage FROM STDIN") as copy:
        for rows_of_batch in rows:
            copy.write(rows_of_batch)


def _mark_dead_events_already_counted(
    cursor: CursorWrapper, batches: Sequence[ClaimedBatch], months: Sequence[date]
) -> None:
    """An event that can't be counted, under an id that was counted already, is a duplicate and no dead letter."""
    dead = [(number, batch, event.event.event_id) for number, batch in enumerate(batches) for event in batch.dead]
    if not dead:
        return
    parameters: dict[str, Any] = {
        "batch": [number for number, _batch, _event_id in dead],
        "organisation_id": [batch.organisation_id for _number, batch, _event_id in dead],
        "project_id": [batch.project_id for _number, batch, _event_id in dead],
        "event_id": [event_id for _number, _batch, event_id in dead],
        "received_at": [batch.received_at for _number, batch, _event_id in dead],
        "months": list(months),
        "window": timedelta(days=settings.EVENTS_DEDUP_WINDOW_DAYS),
    }
    with _index_look_ups(cursor):
        cursor.execute(_FIND_COUNTED_AMONG_DEAD, parameters)
        counted = set(cursor.fetchall())
    for number, batch in enumerate(batches):
        excused = [event for event in batch.dead if (number, event.event.event_id) in counted]
        batch.dead = [event for event in batch.dead if (number, event.event.event_id) not in counted]
        batch.duplicates += len(excused)
        batch.conflict_ids += [event.event.event_id for event in excused]


def _take_out_seen(cursor: CursorWrapper, stage: Stage, lookups: dict[str, Any], months: Sequence[date]) -> None:
    """Take from the stage what other months hold already: the ledger's unique key works within one month only."""
    _unstage(cursor, _already_counted(cursor, stage, lookups, months, only=None))


def _insert(cursor: CursorWrapper, stage: Stage, lookups: dict[str, Any]) -> None:
    """Insert the stage into the ledger. What its unique key refuses is a duplicate and is taken from the stage."""
    cursor.execute(_INSERT_INTO_LEDGER, lookups)
    inserted = dict(cursor.fetchall())
    refused: list[tuple[int, int]] = []
    for number, batch in enumerate(stage.batches):
        positions = inserted.get(batch.id, ())
        batch.counted += len(positions)
        if len(positions) + len(batch.not_staged) < batch.event_count:
            staged = set(range(batch.event_count)) - batch.not_staged
            refused += [(number, position) for position in sorted(staged.difference(positions))]
    if refused:
        _already_counted(cursor, stage, lookups, [lookups["received_month"]], only=refused)
        _unstage(cursor, refused)


def _unstage(cursor: CursorWrapper, places: list[tuple[int, int]]) -> None:
    if places:
        batches, positions = map(list, zip(*places, strict=True))
        cursor.execute(_UNSTAGE, {"batches": batches, "positions": positions})


def _fold(cursor: CursorWrapper, lookups: dict[str, Any]) -> None:
    cursor.execute(_FOLD, lookups)
    if lookups["weighted_series"]:
        cursor.execute(_FOLD_LEVELS, lookups)
    if lookups["unique_series"]:
        cursor.execute(_FOLD_DISTINCT, lookups)


def _already_counted(
    cursor: CursorWrapper,
    stage: Stage,
    lookups: dict[str, Any],
    months: Sequence[date],
    *,
    only: list[tuple[int, int]] | None,
) -> list[tuple[int, int]]:
    """Note what the ledger has of the staged events in these months, and return where they are.

    What it has under the same batch and position is counted; under any other it is the first copy of a duplicate.
    `only` are events that the unique key refused: they are duplicates however long ago the first copy came.
    """
    window = timedelta(days=settings.EVENTS_DEDUP_WINDOW_DAYS)
    parameters = lookups | {
        "months": list(months),
        "window": max(window, A_MONTH) if only else window,
        "only": [batch for batch, _position in only] if only else None,
        "only_positions": [position for _batch, position in only] if only else None,
    }
    with _index_look_ups(cursor):
        cursor.execute(_FIND_COUNTED, parameters)
        rows = cursor.fetchall()
    found: set[tuple[int, int]] = set()
    for number, position, event_id, is_itself, differs in sorted(rows, key=lambda row: not row[3]):
        if (number, position) in found:
            continue
        found.add((number, position))
        batch = stage.batches[number]
        batch.not_staged.add(position)
        if is_itself:
            batch.counted += 1
            continue
        batch.duplicates += 1
        if differs:
            batch.conflict_ids.append(event_id)
    return sorted(found)


@contextmanager
def _index_look_ups(cursor: CursorWrapper) -> Iterator[None]:
    """PostgreSQL may think ten thousand look-ups dearer than reading the whole month: within this it looks them up."""
    cursor.execute("SET LOCAL enable_seqscan = off")
    yield
    cursor.execute("SET LOCAL enable_seqscan = on")


def _write_dead_letters(batches: Sequence[ClaimedBatch]) -> None:
    dead_letter_rows.write(
        [
            dead_letter_rows.NewLetter(
                organisation_id=batch.organisation_id,
                project_id=batch.project_id,
                batch_id=batch.id,
                received_at=batch.received_at,
                event=dead.event,
                reason=dead.reason,
                message=dead.message,
            )
            for batch in batches
            for dead in batch.dead
        ]
    )


def _mark_settled(cursor: CursorWrapper, batches: Sequence[ClaimedBatch]) -> None:
    """Note on each batch how many of its events were counted, duplicates and dead letters."""
    received: list[datetime] = [batch.received_at for batch in batches]
    with _index_look_ups(cursor):
        cursor.execute(
            _MARK_SETTLED,
            {
                "batch_id": [batch.id for batch in batches],
                "received_at": received,
                "counted": [batch.counted for batch in batches],
                "duplicates": [batch.duplicates for batch in batches],
                "dead_lettered": [batch.dead_lettered for batch in batches],
                "conflicts": [len(batch.conflict_ids) for batch in batches],
                "conflict_ids": [json.dumps(batch.conflict_ids[:CONFLICT_IDS_STORED]) for batch in batches],
                "oldest": min(received),
                "newest": max(received),
            },
        )
