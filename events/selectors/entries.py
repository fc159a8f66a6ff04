"""The entries of the ledger that belong to one event: the original, its reversals and its replacements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from events.models import (
    UsageCorrection,
    UsageEvent,
)


@dataclass(frozen=True, slots=True)
class EventCorrection:
    """The last one of a counted event: void, or what it counts instead."""

    action: str
    quantity: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One row that an event has in the ledger: itself, a reversal or a replacement, and the correction behind it."""

    row: UsageEvent
    correction: UsageCorrection | None
    is_current: bool


def corrections_of(event: UsageEvent) -> list[UsageCorrection]:
    """What was done to a counted event, first to last: each cancels the entry that the one before put in place."""
    found = UsageCorrection.objects.filter(
        organisation=event.organisation_id,
        project=event.project_id,
        event_id=event.event_id,
        received_month=event.received_month,
    )
    by_cancelled = {correction.cancelled_event_id: correction for correction in found}
    chain: list[UsageCorrection] = []
    cancelled = event.event_id
    while cancelled in by_cancelled:
        chain.append(by_cancelled[cancelled])
        cancelled = entry_id(chain[-1].pk, UsageEvent.Kind.REPLACEMENT)
    return chain


def current_entry(event: UsageEvent) -> UsageEvent | None:
    """The ledger entry by which an event counts now: itself or its last replacement; None if it is void."""
    return next((entry.row for entry in ledger_entries(event) if entry.is_current), None)


def ledger_entries(event: UsageEvent) -> tuple[LedgerEntry, ...]:
    """A counted event's rows in the ledger: the event, and for each correction its reversal and replacement."""
    corrections = corrections_of(event)
    if not corrections:
        return (LedgerEntry(event, None, is_current=True),)
    written = {name: correction for correction in corrections for name in entry_ids(correction.pk)}
    found = UsageEvent.objects.filter(
        organisation=event.organisation_id,
        project=event.project_id,
        event_id__in=written,
        received_month=event.received_month,
    )
    rows = {row.event_id: row for row in found}
    cancelled = {correction.cancelled_event_id for correction in corrections}
    added = (
        LedgerEntry(row, correction, row.kind == UsageEvent.Kind.REPLACEMENT and name not in cancelled)
        for name, correction in written.items()
        if (row := rows.get(name))
    )
    return (LedgerEntry(event, None, is_current=False), *added)


def original_of(entry: UsageEvent) -> UsageEvent:
    """The event that a ledger entry is about: itself, or what its correction corrects."""
    if entry.kind == UsageEvent.Kind.USAGE:
        return entry
    correction = UsageCorrection.objects.get(organisation=entry.organisation_id, pk=entry.batch_id)
    return corrected_event(correction)


def corrected_event(correction: UsageCorrection) -> UsageEvent:
    found: UsageEvent = UsageEvent.objects.get(
        organisation=correction.organisation_id,
        project=correction.project_id,
        event_id=correction.event_id,
        received_month=correction.received_month,
    )
    return found


def entry_id(correction_id: UUID, kind: str) -> str:
    """What a correction's entry is called in the ledger."""
    return f"correction:{correction_id}:{kind}"


def entry_ids(correction_id: UUID) -> list[str]:
    """The ids that a correction's entries may have: a void has no replacement."""
    return [entry_id(correction_id, kind) for kind in (UsageEvent.Kind.REVERSAL, UsageEvent.Kind.REPLACEMENT)]
