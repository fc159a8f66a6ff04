"""From claimed batches to rows ready for COPY: decoded, each with the numbers of its batch, series and slot.

Rows come batch by batch, so that PostgreSQL reads one batch while Python makes the next.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.models.metric import ADD, OPERATION, OPERATIONS
from events.services.partitions import ledger_month
from events.services.settling.dead_letter_reasons import DeadEvent, why_dead
from events.services.settling.known_metrics import KnownMetric, MetricKey, Tenant, load_metrics, load_tenants
from events.wire.packing import StoredEvent, decode, unpack_text

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
    packed_events: bytes
    not_staged: set[int] = field(default_factory=set)
    """Positions of events that are not to be inserted: duplicates, dead letters, and what was inserted already."""
    counted: int = 0
    duplicates: int = 0
    conflict_ids: list[str] = field(default_factory=list)
    dead: list[DeadEvent] = field(default_factory=list)
    dead_already: int = 0
    """How many have their dead letter from an earlier settling."""
    spoiled: dict[int, str] = field(default_factory=dict)
    """Positions whose events PostgreSQL refuses, and the sentence why; they become dead letters."""

    @property
    def dead_lettered(self) -> int:
        return len(self.dead) + self.dead_already

    @property
    def received_month(self) -> date:
        return ledger_month(self.received_at)


@dataclass(frozen=True, slots=True)
class Series:
    """One meter: what is added up by itself."""

    organisation_id: UUID
    project_id: UUID
    metric: KnownMetric
    dimensions: str
    """As canonical JSON."""


class Slot(NamedTuple):
    """An hour of an organisation, and the month it lies in. A level's usage may be counted in another month than that
    of other metrics."""

    organisation_id: UUID
    hour: datetime
    month: date
    is_level: bool


@dataclass(slots=True)
class Stage:
    """Everything one chunk writes. Rows refer to batches, series and slots by number."""

    batches: Sequence[ClaimedBatch]
    texts: list[bytes]
    events: list[list[StoredEvent]]
    tenants: dict[UUID, Tenant]
    staged: int = 0
    series: dict[Series, int] = field(default_factory=dict)
    slots: dict[Slot, int] = field(default_factory=dict)
    levels: set[int] = field(default_factory=set)
    """Numbers of the series that are levels, of `weighted_sum` metrics."""


SeriesOf = Callable[[StoredEvent], int | None]


class DamagedBatch(ValueError):
    """The packed events are not as many as the row says."""


def open_stage(batches: Sequence[ClaimedBatch]) -> Stage:
    """Decode the batches and learn what settling has to know of their organisations."""
    texts = [unpack_text(batch.packed_events) for batch in batches]
    events = [_decode(batch, text) for batch, text in zip(batches, texts, strict=True)]
    tenants = load_tenants(batch.organisation_id for batch in batches)
    wanted: defaultdict[UUID, set[MetricKey]] = defaultdict(set)
    for batch, decoded in zip(batches, events, strict=True):
        wanted[batch.organisation_id].update({(event.metric_name, event.unit) for event in decoded})
    load_metrics(tenants, wanted)
    return Stage(batches, texts, events, tenants)


def stage_rows(stage: Stage) -> Iterator[str]:
    """The rows of each batch in COPY's text format, in order of receipt: of two copies in one chunk the first wins.

    What can't be counted is left on its batch instead.
    """
    series_of: dict[UUID, dict[MetricKey, SeriesOf]] = {}
    firsts: defaultdict[UUID, dict[str, StoredEvent]] = defaultdict(dict)
    for number, batch in enumerate(stage.batches):
        if batch.project_id not in series_of:
            metrics = stage.tenants[batch.organisation_id].metrics
            series_of[batch.project_id] = {key: _series_of(stage, batch, metric) for key, metric in metrics.items()}
        rows = _stage_batch(stage, number, batch, series_of[batch.project_id], firsts[batch.project_id])
        stage.staged += len(rows)
        yield "".join(rows)


def _decode(batch: ClaimedBatch, text: bytes) -> list[StoredEvent]:
    events = decode(text)
    if len(events) != batch.event_count:
        raise DamagedBatch(f"The payload holds {len(events)} events, the row says {batch.event_count}.")
    return events


# The innermost loop of settling, which took 14.6 microseconds an event in all on 22 November 2026 (68,640 events a
# second, docs/performance.md): one microsecond more in this loop costs 7% of the speed.
def _stage_batch(
    stage: Stage,
    number: int,
    batch: ClaimedBatch,
    metrics: dict[MetricKey, SeriesOf],
    firsts: dict[str, StoredEvent],
) -> list[str]:
    tenant = stage.tenants[batch.organisation_id]
    escape = any(character in stage.texts[number] for character in _ESCAPED_IN_COPY)
    received = batch.received_at.astimezone(UTC).isoformat()
    rows: list[str] = []
    by_minute: dict[str, int] = {}
    by_minute_of_levels: dict[str, int] = {}
    for position, event in _undecided(batch, stage.events[number]):
        event_id = event.event_id
        first = firsts.get(event_id)
        if first is not None:
            batch.duplicates += 1
            batch.not_staged.add(position)
            if not same_body(first, event):
                batch.conflict_ids.append(event_id)
            continue
        series_of = metrics.get((event.metric_name, event.unit))
        series = None if series_of is None or position in batch.spoiled else series_of(event)
        if series is None:
            batch.dead.append(why_dead(tenant, event, batch.spoiled.get(position)))
            batch.not_staged.add(position)
            continue
        firsts[event_id] = event
        moment = event.timestamp or received
        known = by_minute_of_levels if series in stage.levels else by_minute
        slot = known.get(moment[:16])
        if slot is None:
            slot = known[moment[:16]] = _slot(stage, tenant, moment[:16], is_level=series in stage.levels)
        metadata = str(event.metadata, "utf-8")
        if escape:
            event_id = event_id.translate(_COPY_ESCAPES)
            metadata = metadata.translate(_COPY_ESCAPES)
        if metadata == "null":
            metadata = "\\N"
        rows.append(f"{number}\t{position}\t{series}\t{slot}\t{event_id}\t{event.quantity}\t{moment}\t{metadata}\n")
    return rows


def _undecided(batch: ClaimedBatch, events: list[StoredEvent]) -> Iterable[tuple[int, StoredEvent]]:
    """The events by position; of a batch that is settled again, those whose fate is not known."""
    if not batch.not_staged:
        return enumerate(events)
    return [(position, event) for position, event in enumerate(events) if position not in batch.not_staged]


def _slot(stage: Stage, tenant: Tenant, minute: str, *, is_level: bool) -> int:
    slot = Slot(tenant.id, *local_hour(tenant.zone, minute), is_level)
    return stage.slots.setdefault(slot, len(stage.slots))


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


def _series_of(stage: Stage, batch: ClaimedBatch, metric: KnownMetric) -> SeriesOf:
    """A function from an event to the number of its series; None if the event can't be counted.

    Made once for each metric of a project: it decodes only the declared keys, and remembers the numbers it gave.
    """

    def number_of(dimensions: str) -> int:
        series = Series(batch.organisation_id, batch.project_id, metric, dimensions)
        number = stage.series.setdefault(series, len(stage.series))
        if metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
            stage.levels.add(number)
        return number

    def look_up(event: StoredEvent) -> int:
        return number_of(dimensions_of(metric.dimensions, event))

    can_count = _condition(metric)
    if can_count is not None:
        return lambda event: look_up(event) if can_count(event) else None
    if not metric.dimensions:
        only = cache(number_of)
        return lambda _event: only("{}")
    decode = _dimension_decoder(metric.dimensions)
    known: dict[tuple[Any, ...], int] = {}

    def series_of(event: StoredEvent) -> int:
        found = decode(event.metadata)
        values = () if found is None else msgspec.structs.astuple(found)
        for value in values:
            if type(value) is not str:  # 1, 1.0 and true are one and the same key to a dictionary
                return look_up(event)
        series = known.get(values)
        if series is None:
            series = known[values] = look_up(event)
        return series

    return series_of


def _condition(metric: KnownMetric) -> Callable[[StoredEvent], bool] | None:
    """What an event must fulfil to be counted, where that depends on the metric."""
    if metric.aggregation == Metric.Aggregation.UNIQUE:
        return lambda event: names_value(metric.unique_property, event)
    if metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
        return lambda event: operation_of(event) in OPERATIONS
    return None


def operation_of(event: StoredEvent) -> object:
    """Whether an event of a `weighted_sum` metric adds or removes, as its metadata says; without a word it adds."""
    found = _dimension_decoder((OPERATION,))(event.metadata)
    said = None if found is None else msgspec.structs.astuple(found)[0]
    return ADD if said is None else said


def names_value(key: str, event: StoredEvent) -> bool:
    return (event.metadata_dict() or {}).get(key) is not None


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
    """As text. A long one is cut, and a digest of the whole is added to tell it from others."""
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
