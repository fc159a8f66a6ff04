"""Settle a batch again that is settled: what is missing of it is counted now, and its verdict is written anew.

What the ledger has under this batch and position counts as counted, and stays as it is. What has its dead letter stays
a dead letter. Everything else is settled as if it came now: it is inserted, in its own month or as late usage in the
next open one; or it is a duplicate, if another batch holds its id by now. So settling a batch again, however often, and
by several at once, changes nothing that is right.

Whoever took entries out of the ledger may have left the aggregates as they were, or not: the hours of what is inserted
are written anew as the ledger has them.

All of it is one transaction. It holds the DEDUP lock exclusively, as a correction does: meanwhile no chunk is settled.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import OperationalError

from billing_platform.lib.database.failures import lock_was_not_granted
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.database.sql import query
from billing_platform.lib.errors import DomainError, NotFound
from events.models import EventBatch
from events.services.aggregates.rebuilding import Hour, rebuild_hours
from events.services.partitions import with_partitions
from events.services.settling.chunks import claimed, months_in_use
from events.services.settling.staging import ClaimedBatch, DamagedBatch, Stage, open_stage, stage_rows
from events.services.settling.writing import write_stage
from events.wire import packing
from organisations import audit

LOCK_TIMEOUT = "5s"
"""While it waits for a month, no chunk is settled."""
_VERDICT = ("counted", "duplicates", "dead_lettered")

_CLAIM_AGAIN = query(__file__, "claim_again")
_FIND_DECIDED = query(__file__, "find_decided")
_STAGED_PLACES = query(__file__, "staged_places")


def settle_again(*, batch_id: UUID) -> EventBatch:
    """Count what is missing of a settled batch. Safe to repeat, to be done twice at once, and to be killed.

    Raises NotFound; DomainError BATCH_NOT_SETTLED, BATCH_DAMAGED, or BUSY while its month is closed or rebuilt.
    """
    before = _batch(batch_id)
    if before.status != EventBatch.Status.SETTLED:
        raise DomainError("The batch is not settled yet.", code="BATCH_NOT_SETTLED")
    try:
        return with_partitions(partial(_settle, batch_id), moments=lambda: [before.received_at])
    except (DamagedBatch, *packing.DAMAGED) as error:
        raise DomainError(f"The events of this batch can't be read: {error}", code="BATCH_DAMAGED") from None
    except OperationalError as error:
        if not lock_was_not_granted(error):
            raise
        raise DomainError(
            "The month is being rebuilt or invoiced just now, or settling is busy. Try again in a minute.", code="BUSY"
        ) from None


def _batch(batch_id: UUID) -> EventBatch:
    found: EventBatch | None = EventBatch.objects.filter(pk=batch_id).first()
    if found is None:
        raise NotFound("There is no such batch (any more).")
    return found


@transaction.atomic
def _settle(batch_id: UUID) -> EventBatch:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(_CLAIM_AGAIN, {"batch_id": batch_id})
        rows = cursor.fetchall()
        before = _batch(batch_id)
        batch = claimed(rows[0])
        advisory_lock(LockSpace.DEDUP)
        stage, month = open_stage([batch]), batch.received_month
        _leave_what_is_decided(cursor, batch, stage.events[0])
        # its own month is looked at first like the others: what another batch holds by now is a duplicate
        others = sorted(months_in_use([batch]) | {month})
        write_stage(stage, stage_rows(stage), received_month=month, other_months=others)
        _mend_aggregates(cursor, stage)
    after = _batch(batch_id)
    changes: dict[str, Any] = {name: (getattr(before, name), getattr(after, name)) for name in _VERDICT}
    if any(old != new for old, new in changes.values()):
        audit.note(after, reason="Settled again.", **changes)
    return after


def _leave_what_is_decided(cursor: CursorWrapper, batch: ClaimedBatch, events: list[packing.StoredEvent]) -> None:
    parameters: dict[str, Any] = {
        "positions": list(range(len(events))),
        "event_ids": [event.event_id for event in events],
        "batch_id": batch.id,
        "organisation_id": batch.organisation_id,
        "project_id": batch.project_id,
        "received_at": batch.received_at,
        "month": batch.received_month,
    }
    cursor.execute(_FIND_DECIDED, parameters)
    found = cursor.fetchall()
    counted = {position for position, is_counted in found if is_counted}
    dead = {position for position, is_counted in found if not is_counted} - counted
    batch.counted, batch.dead_already, batch.not_staged = len(counted), len(dead), counted | dead


def _mend_aggregates(cursor: CursorWrapper, stage: Stage) -> None:
    cursor.execute(_STAGED_PLACES)
    series, slots = list(stage.series), list(stage.slots)
    rebuild_hours(
        {
            Hour(series[number].organisation_id, series[number].metric.id, slots[slot].hour)
            for number, slot in cursor.fetchall()
        }
    )
