"""What settling would make of one event now: its own statements run, and everything is rolled back.

It takes no DEDUP lock. That lock keeps two transactions from counting one event, and what is counted here nobody ever
sees. It locks what settling locks, in the same order, and waits for it at most LOCK_TIMEOUT.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.utils import DatabaseError, OperationalError

from billing_platform.lib.database.failures import is_trouble_of_the_database, lock_was_not_granted
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric, UsageEvent
from events.selectors.dead_letters import counted_copy
from events.services.partitions import with_partitions
from events.services.settling.chunks import months_in_use, why_spoiled
from events.services.settling.staging import ClaimedBatch, open_stage, stage_rows
from events.services.settling.writing import write_stage
from events.wire import packing
from events.wire.incoming import AcceptedEvent

LOCK_TIMEOUT = "2s"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of an event: counted, a duplicate of what is counted already, or refused with a sentence.

    `counted` is the ledger's row as it would be, `used_in` the month in which the event happened, and
    `registers_metric` whether its metric would be registered with it. A duplicate `differs` if the copy that counts
    says something else.
    """

    counted: UsageEvent | None = None
    used_in: BillingPeriod | None = None
    registers_metric: bool = False
    duplicate_of: UsageEvent | None = None
    differs: bool = False
    refused: str = ""


def rehearse(*, organisation_id: UUID, project_id: UUID, received_at: datetime, event: AcceptedEvent) -> Rehearsal:
    """What would become of an event that was received then. Raises DomainError BUSY while its month is locked."""
    batch = ClaimedBatch(uuid4(), organisation_id, project_id, received_at, 1, packing.pack([event]))
    try:
        found = with_partitions(partial(_settle_and_forget, batch), moments=lambda: [received_at])
    except DatabaseError as error:
        if isinstance(error, OperationalError) and lock_was_not_granted(error):
            raise DomainError(
                "The month is being rebuilt or invoiced just now. Try again in a minute.", code="BUSY"
            ) from None
        if is_trouble_of_the_database(error):
            raise
        return Rehearsal(refused=why_spoiled(error))
    if batch.dead:
        return Rehearsal(refused=batch.dead[0].message)
    if found is None:
        copy = counted_copy(
            organisation_id=organisation_id, project_id=project_id, event_id=event.event_id, received_at=received_at
        )
        return Rehearsal(duplicate_of=copy, differs=bool(batch.conflict_ids))
    counted, used_in = found
    is_new = not Metric.objects.filter(pk=counted.metric_id).exists()
    return Rehearsal(counted=counted, used_in=used_in, registers_metric=is_new)


def _settle_and_forget(batch: ClaimedBatch) -> tuple[UsageEvent, BillingPeriod] | None:
    """The row that the ledger would have and the month of its use; None if it would have none. Nothing stays of it but
    what is noted on the batch, in memory."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        stage, month = open_stage([batch]), batch.received_month
        others = sorted(months_in_use([batch]) - {month})
        write_stage(stage, stage_rows(stage), received_month=month, other_months=others, rehearsal=True)
        own = UsageEvent.objects.filter(organisation=batch.organisation_id, received_month=month, batch_id=batch.id)
        counted = own.select_related("metric", "project").first()
        transaction.set_rollback(True)
    return (counted, BillingPeriod.of(next(iter(stage.slots)).month)) if counted else None
