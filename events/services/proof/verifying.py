"""Verify a day of the hot log: everything accepted on it is in the ledger or among the dead letters, and nothing else.

A run reads in small chunks, each in a transaction of its own, and writes one row at the end. So it may run twice, two
runs may overlap, and a run may be killed. Settled batches and the ledger don't change meanwhile; a batch that arrives
during the run is noticed at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, NotFound
from events.models import EventBatch, HotLogDay, UsageCorrection, UsageEvent
from events.services.partitions import ledger_month, list_partitions, partition_exists, partition_of
from events.services.proof.comparing import AtStake, Finding, FindingKind, compare
from events.wire import packing

CHUNK_EVENTS = 10_000
HEADS = 5_000
FINDINGS_REPORTED = 1_000
FINDINGS_STORED = 100
SUSPECTS = 100

_COUNT_ORPHANS = query(__file__, "count_orphans")
_FIND_SUSPECTS = query(__file__, "find_suspects")


@dataclass(frozen=True, slots=True)
class DayTally:
    """What a day of the hot log says of itself."""

    batches: int
    events: int
    counted: int
    duplicates: int
    dead_lettered: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class DayReport:
    """What the check found. `reason` says why the day is not verified; `findings` are the first of them."""

    day: date
    tally: DayTally
    discrepancies: int
    findings: tuple[Finding, ...]
    reason: str

    @property
    def is_verified(self) -> bool:
        return not self.reason


@dataclass(slots=True)
class _Found:
    """Counts all findings and holds only the first of them in memory: a day may be wrong from end to end."""

    count: int = 0
    first: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.count += 1
            if len(self.first) < FINDINGS_REPORTED:
                self.first.append(finding)


def verify_day(*, day: date, verified_by: str = "schedule") -> DayReport:
    """Compare a day that is over with the ledger, event by event, and note the outcome on its HotLogDay.

    Raises DomainError DAY_NOT_OVER, and NotFound for a day without partition: one that was dropped, or never was.
    """
    if day >= clock.now().astimezone(UTC).date():
        raise DomainError(f"{day_text(day)} is not over yet.", code="DAY_NOT_OVER")
    _need_partition(day)
    before, found = tally_of(day), _Found()
    if not before.unsettled:
        for chunk in _chunks(day):
            found.add(compare(chunk))
        found.add(_surplus(day))
    return _note(day, before, found, verified_by)


def days_to_verify() -> list[date]:
    """The days that are over and not verified, or that something was added to since; oldest first."""
    today = clock.now().astimezone(UTC).date()
    days = [partition.day for partition in list_partitions() if partition.day and partition.day < today]
    records = HotLogDay.objects.in_bulk(days, field_name="day")
    return [day for day in days if not _is_verified(records.get(day), day)]


def _is_verified(record: HotLogDay | None, day: date) -> bool:
    if record is None or record.state != HotLogDay.State.VERIFIED:
        return False
    return record.batches == batches_of(day).count()


def batches_of(day: date) -> QuerySet[EventBatch]:
    """The batches received on a UTC day."""
    start, end = _bounds(day)
    return EventBatch.objects.filter(received_at__gte=start, received_at__lt=end)


def tally_of(day: date) -> DayTally:
    found = batches_of(day).aggregate(
        batches=Count("pk"),
        unsettled=Count("pk", filter=~Q(status=EventBatch.Status.SETTLED)),
        events=Sum("event_count", default=0),
        **{name: Sum(name, default=0) for name in ("counted", "duplicates", "dead_lettered")},
    )
    return DayTally(**found)


def locked_record(day: date) -> HotLogDay:
    """The day's row, made where there is none, locked until the transaction ends."""
    HotLogDay.objects.get_or_create(day=day)
    return HotLogDay.objects.select_for_update().get(day=day)


def _need_partition(day: date) -> None:
    if not partition_exists(partition_of(day)):
        raise NotFound(f"The hot log holds nothing of {day_text(day)} (any more).")


def _bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time.min, tzinfo=UTC)
    return start, start + timedelta(days=1)


def _chunks(day: date) -> Iterator[list[EventBatch]]:
    """The day's batches with their payloads, by id, as many at a time as make CHUNK_EVENTS events."""
    last: UUID | None = None
    while heads := _heads(day, last):
        last = heads[-1][0]
        ids: list[UUID] = []
        events = 0
        for batch_id, event_count in heads:
            if ids and events + event_count > CHUNK_EVENTS:
                yield _read(day, ids)
                ids, events = [], 0
            ids.append(batch_id)
            events += event_count
        yield _read(day, ids)


def _heads(day: date, after: UUID | None) -> list[tuple[UUID, int]]:
    batches = batches_of(day) if after is None else batches_of(day).filter(pk__gt=after)
    return list(batches.order_by("pk").values_list("pk", "event_count")[:HEADS])


def _read(day: date, ids: Sequence[UUID]) -> list[EventBatch]:
    return list(batches_of(day).filter(pk__in=ids))


def _surplus(day: date) -> Iterator[Finding]:
    """Entries of the ledger that claim to be of this day and that no batch accounts for."""
    start, end = _bounds(day)
    record = HotLogDay.objects.filter(day=day).first()
    dropped = record.dropped_counted if record else 0
    parameters: dict[str, Any] = {"month": ledger_month(start), "start": start, "end": end}
    with connection.cursor() as cursor:
        if dropped:
            # Entries of batches that were dropped with an earlier partition can only be counted.
            cursor.execute(_COUNT_ORPHANS, parameters)
            orphans = int(cursor.fetchone()[0])
            if orphans != dropped:
                yield Finding(
                    FindingKind.DAY_COUNTS, f"{dropped} entries of dropped batches", f"{orphans} entries without batch"
                )
        cursor.execute(_FIND_SUSPECTS, parameters | {"orphans": not dropped, "limit": SUSPECTS})
        suspects = [row[0] for row in cursor.fetchall()]
    for batch_id in suspects:
        yield from _unexpected(day, batch_id)


def _unexpected(day: date, batch_id: UUID) -> Iterator[Finding]:
    """The entries that name a batch which holds no such event, or isn't there, and that are not void."""
    batch = batches_of(day).filter(pk=batch_id).first()
    start, end = (batch.received_at, batch.received_at + timedelta.resolution) if batch else _bounds(day)
    entries = UsageEvent.objects.filter(
        received_month=ledger_month(start),
        received_at__gte=start,
        received_at__lt=end,
        batch_id=batch_id,
        kind=UsageEvent.Kind.USAGE,
    )
    accepted = _ids_of(batch) if batch else []
    expected = "no such event in the batch" if batch else "no such batch"
    voided = UsageCorrection.objects.filter(
        organisation=OuterRef("organisation"),
        project=OuterRef("project"),
        event_id=OuterRef("event_id"),
        received_month=OuterRef("received_month"),
        action=UsageCorrection.Action.VOID,
    )
    entries = entries.exclude(Exists(voided)).order_by("position")
    columns = ("organisation_id", "event_id", "position", "metric__name", "metric__unit", "quantity")
    for organisation_id, event_id, position, *counted in entries.values_list(*columns).iterator():
        if position >= len(accepted) or accepted[position] != event_id:
            stake = AtStake(*counted)
            found = f"{stake.quantity}, position {position}"
            yield Finding(FindingKind.EVENT_UNEXPECTED, expected, found, organisation_id, batch_id, event_id, stake)


def _ids_of(batch: EventBatch) -> list[str]:
    try:
        return [event.event_id for event in packing.unpack(bytes(batch.packed_events))]
    except packing.DAMAGED:
        return []


def _note(day: date, before: DayTally, found: _Found, verified_by: str) -> DayReport:
    with transaction.atomic():
        record = locked_record(day)
        _need_partition(day)  # if it was dropped meanwhile, its record is the proof and stays
        report = DayReport(day, before, found.count, tuple(found.first), _reason(before, tally_of(day), found.count))
        now = clock.now()
        for name in ("batches", "events", "counted", "duplicates", "dead_lettered"):
            setattr(record, name, getattr(before, name))
        record.checked_at, record.checked_by = now, verified_by
        record.verified_at = now if report.is_verified else None
        record.discrepancies = report.discrepancies
        record.findings = [_as_json(finding) for finding in report.findings[:FINDINGS_STORED]]
        record.dropped_at, record.written_off = None, 0
        record.save()
    return report


def _reason(before: DayTally, after: DayTally, discrepancies: int) -> str:
    if before.unsettled:
        return unsettled_reason(before.unsettled)
    if discrepancies:
        return discrepancies_reason(discrepancies)
    return "" if before == after else "Batches were added while it was being verified."


def unsettled_reason(batches: int) -> str:
    return "1 batch is not settled." if batches == 1 else f"{batches} batches are not settled."


def discrepancies_reason(count: int) -> str:
    return "The check found 1 discrepancy." if count == 1 else f"The check found {count} discrepancies."


def _as_json(finding: Finding) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(finding).items() if value and name != "at_stake"}
