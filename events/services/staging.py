"""From claimed batches to rows ready for COPY: decoded, each with its metric, its hour and its place."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from billing_platform.lib.periods import BillingPeriod
from events.payload import StoredEvent, decode, unpack_text
from events.services.catalogue import KnownMetric, MetricKey, Tenant, load_metrics, load_tenants

# A B-tree entry holds 2.7 KB at most, and dimensions are part of one.
_LONGEST_DIMENSION = 100
_ESCAPED_IN_COPY = (b"\\", b"\n", b"\t", b"\r")
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


@dataclass(slots=True)
class ClaimedBatch:
    """A batch of the hot log that this transaction has locked, and what becomes of its events."""

    id: UUID
    organisation_id: UUID
    project_id: UUID
    received_at: datetime
    event_count: int
    payload: bytes
    not_staged: set[int] = field(default_factory=set)
    """Positions whose fate is decided already: duplicates and dead letters."""
    counted: int = 0
    duplicates: int = 0
    conflict_ids: list[str] = field(default_factory=list)
    dead: list[StoredEvent] = field(default_factory=list)

    @property
    def received_month(self) -> date:
        return BillingPeriod.of(self.received_at.astimezone(UTC).date()).start


@dataclass(slots=True)
class Stage:
    """Everything one chunk writes. Lines refer to batches, series and slots by number."""

    batches: Sequence[ClaimedBatch]
    lines: list[str] = field(default_factory=list)
    series: dict[tuple[UUID, str], int] = field(default_factory=dict)
    """(metric, dimensions as JSON) → number."""
    slots: dict[tuple[UUID, datetime, date], int] = field(default_factory=dict)
    """(organisation, hour, the month it lies in) → number."""


SeriesOf = Callable[[StoredEvent], int]


class DamagedBatch(ValueError):
    """The payload holds something else than its row says."""


def build_stage(batches: Sequence[ClaimedBatch]) -> Stage:
    """Decode and resolve. Batches come in order of receipt: of two copies in one chunk the first wins."""
    texts = [unpack_text(batch.payload) for batch in batches]
    events = [_decode(batch, text) for batch, text in zip(batches, texts, strict=True)]
    tenants = load_tenants(batch.organisation_id for batch in batches)
    wanted: defaultdict[UUID, set[MetricKey]] = defaultdict(set)
    for batch, decoded in zip(batches, events, strict=True):
        wanted[batch.organisation_id].update({(event.metric_name, event.unit) for event in decoded})
    load_metrics(tenants, wanted)
    stage = Stage(batches)
    metrics = {
        tenant.id: {key: _series_of(stage, metric) for key, metric in tenant.metrics.items()}
        for tenant in tenants.values()
    }
    firsts: defaultdict[UUID, dict[str, StoredEvent]] = defaultdict(dict)
    for number, batch in enumerate(batches):
        escape = any(character in texts[number] for character in _ESCAPED_IN_COPY)
        tenant, seen = tenants[batch.organisation_id], firsts[batch.project_id]
        _stage_batch(stage, number, batch, events[number], tenant, metrics[tenant.id], seen, escape=escape)
    return stage


def _decode(batch: ClaimedBatch, text: bytes) -> list[StoredEvent]:
    events = decode(text)
    if len(events) != batch.event_count:
        raise DamagedBatch(f"The payload holds {len(events)} events, the row says {batch.event_count}.")
    return events


def _stage_batch(
    stage: Stage,
    number: int,
    batch: ClaimedBatch,
    events: list[StoredEvent],
    tenant: Tenant,
    metrics: dict[MetricKey, SeriesOf],
    firsts: dict[str, StoredEvent],
    *,
    escape: bool,
) -> None:
    """The innermost loop of settling: a microsecond here is a tenth of its speed."""
    received = batch.received_at.astimezone(UTC).isoformat()
    lines = stage.lines
    by_minute: dict[str, int] = {}
    for position, event in enumerate(events):
        event_id = event.event_id
        first = firsts.get(event_id)
        if first is not None:
            batch.duplicates += 1
            batch.not_staged.add(position)
            if not same_body(first, event):
                batch.conflict_ids.append(event_id)
            continue
        series_of = metrics.get((event.metric_name, event.unit))
        if series_of is None:
            batch.dead.append(event)
            batch.not_staged.add(position)
            continue
        firsts[event_id] = event
        series = series_of(event)
        moment = event.timestamp or received
        slot = by_minute.get(moment[:16])
        if slot is None:
            slot = by_minute[moment[:16]] = _slot(stage, tenant, moment[:16])
        metadata = str(event.metadata, "utf-8")
        if escape:
            event_id = event_id.translate(_COPY_ESCAPES)
            metadata = metadata.translate(_COPY_ESCAPES)
        if metadata == "null":
            metadata = "\\N"
        lines.append(f"{number}\t{position}\t{series}\t{slot}\t{event_id}\t{event.quantity}\t{moment}\t{metadata}\n")


def _slot(stage: Stage, tenant: Tenant, minute: str) -> int:
    hour, month = local_hour(tenant.zone, minute)
    return stage.slots.setdefault((tenant.id, hour, month), len(stage.slots))


@lru_cache(maxsize=100_000)
def local_hour(zone: ZoneInfo, minute: str) -> tuple[datetime, date]:
    """The start of the local hour that a UTC minute ("2026-11-21T10:15") lies in, and its local month.

    Cut with the offset in force at that moment: an hour that the clocks repeat is two different hours.
    """
    instant = datetime.fromisoformat(minute).replace(tzinfo=UTC)
    local = instant.astimezone(zone)
    return instant - timedelta(minutes=local.minute, seconds=local.second), BillingPeriod.containing(
        instant, zone
    ).start


def _series(stage: Stage, metric: KnownMetric, event: StoredEvent) -> int:
    key = (metric.id, dimensions_of(metric.dimensions, event))
    return stage.series.setdefault(key, len(stage.series))


def _series_of(stage: Stage, metric: KnownMetric) -> SeriesOf:
    """The function that answers an event's series. It reads the declared keys only and remembers what it found."""
    if not metric.dimensions:
        return lambda event: _series(stage, metric, event)
    decode = _dimension_decoder(metric.dimensions)
    known: dict[tuple[Any, ...], int] = {}

    def series_of(event: StoredEvent) -> int:
        found = decode(event.metadata)
        values = () if found is None else msgspec.structs.astuple(found)
        for value in values:
            if type(value) is not str:  # 1, 1.0 and true are one and the same key to a dictionary
                return _series(stage, metric, event)
        series = known.get(values)
        if series is None:
            series = known[values] = _series(stage, metric, event)
        return series

    return series_of


@lru_cache(maxsize=1_000)
def _dimension_decoder(keys: tuple[str, ...]) -> Callable[[Any], Any]:
    fields = [(f"key_{number}", Any, None) for number in range(len(keys))]
    names = {f"key_{number}": key for number, key in enumerate(keys)}
    shape = msgspec.defstruct("Dimensions", fields, rename=names, gc=False)
    decode: Callable[[Any], Any] = msgspec.json.Decoder(Union[shape, None]).decode  # noqa: UP007 (made at run time)
    return decode


def dimensions_of(keys: Sequence[str], event: StoredEvent) -> str:
    """The metadata that the metric is broken down by, as canonical JSON; what is missing or null is left out."""
    if not keys:
        return "{}"
    metadata = event.metadata_dict() or {}
    values = {key: _dimension(metadata[key]) for key in sorted(keys) if metadata.get(key) is not None}
    return msgspec.json.encode(values).decode()


def _dimension(value: object) -> str:
    """As text; a long one is cut and told apart by a digest."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    encoded = text.encode()
    if len(encoded) <= _LONGEST_DIMENSION:
        return text
    digest = hashlib.blake2b(encoded, digest_size=8).hexdigest()
    return f"{encoded[: _LONGEST_DIMENSION - 20].decode(errors='ignore')}…{digest}"


def same_body(first: StoredEvent, other: StoredEvent) -> bool:
    """Whether two events under one id say the same. A timestamp that one of them leaves out is no difference."""
    return (
        (first.metric_name, first.unit) == (other.metric_name, other.unit)
        and Decimal(first.quantity) == Decimal(other.quantity)
        and (first.timestamp is None or other.timestamp is None or first.timestamp == other.timestamp)
        and first.metadata_dict() == other.metadata_dict()
    )
