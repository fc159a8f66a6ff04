"""A naive model of the pipeline with lists, loops and Decimal; tests compare the real pipeline with this model."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Kolkata")

AGGREGATIONS = {"calls": "sum", "bytes": "sum", "hits": "count", "peak": "max", "level": "latest", "users": "unique"}
DIMENSIONS = {"calls": ["region"], "peak": ["region"], "users": ["region"]}

Meter = tuple[str, str | None, date]
"""Metric, region, and the month in which it happened."""


@dataclass
class Entry:
    """A line of the ledger."""

    metric: str
    region: str | None
    quantity: Decimal
    occurred_at: datetime
    received_at: datetime
    position: int
    user: str | None
    counted_in: date
    sign: int = 1
    cancelled_in: date | None = None
    """The billing month of the correction that cancelled it."""

    @property
    def hour(self) -> datetime:
        return self.occurred_at.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)

    @property
    def meter(self) -> Meter:
        return self.metric, self.region, self.hour.date().replace(day=1)


@dataclass
class Sent:
    """An event in the hot log, and which it is there."""

    event: dict[str, Any]
    occurred_at: datetime
    received_at: datetime
    batch: str
    position: int


@dataclass
class Naive:
    waiting: list[Sent] = field(default_factory=list)
    ledger: list[Entry] = field(default_factory=list)
    standing: dict[str, Entry | None] = field(default_factory=dict)
    """The entry that an event counts by now; None once it is void."""
    closed: set[date] = field(default_factory=set)
    sent: int = 0
    dead: int = 0
    raced: bool = False

    def settle(self, winners: dict[str, tuple[str, int]] | None = None) -> None:
        """Count what waits; of two copies the first. Where several workers raced, `winners` says which one it was."""
        self.raced |= winners is not None
        for sent in self.waiting:
            event_id, metric = sent.event["event_id"], sent.event["metric_name"]
            metadata = sent.event["metadata"] or {}
            if event_id in self.standing:
                continue
            if metric == "users" and metadata.get("user") is None:
                self.dead += 1
                continue
            if winners is not None and winners.get(event_id) != (sent.batch, sent.position):
                continue
            entry = Entry(
                metric=metric,
                region=metadata.get("region") if metric in DIMENSIONS else None,
                quantity=Decimal(sent.event["metric_value"]),
                occurred_at=sent.occurred_at,
                received_at=sent.received_at,
                position=sent.position,
                user=metadata.get("user"),
                counted_in=sent.received_at.date(),
            )
            entry.counted_in = self._open_month(entry.meter[2])
            self.ledger.append(entry)
            self.standing[event_id] = entry
        self.waiting = []

    def correct(self, event_id: str, quantity: Decimal | None) -> None:
        entry = self.standing[event_id]
        assert entry is not None
        month = self._open_month(entry.counted_in)
        entry.cancelled_in = month
        reversal = Entry(**(vars(entry) | {"quantity": -entry.quantity, "counted_in": month, "sign": -entry.sign}))
        self.ledger.append(reversal)
        self.standing[event_id] = None
        if quantity is not None:
            replacement = Entry(**(vars(entry) | {"quantity": quantity, "counted_in": month, "cancelled_in": None}))
            self.ledger.append(replacement)
            self.standing[event_id] = replacement

    def _open_month(self, month: date) -> date:
        while month in self.closed:
            month = (month.replace(day=28) + (date(2026, 1, 5) - date(2026, 1, 1))).replace(day=1)
        return month

    def sums(self) -> dict[tuple[Any, ...], tuple[Decimal, int]]:
        """Total and count by metric, region, hour and billing month."""
        found: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [Decimal(0), 0])
        for entry in self.ledger:
            key = (entry.metric, entry.region, entry.hour, entry.counted_in)
            found[key][0] += entry.quantity
            found[key][1] += entry.sign
        return {key: (total, count) for key, (total, count) in found.items()}

    def quantities(self, counted_in: set[date]) -> dict[Meter, Decimal]:
        """What each meter comes to over some billing months, meters that come to nothing left out."""
        meters: defaultdict[Meter, list[Entry]] = defaultdict(list)
        for entry in self.ledger:
            if entry.counted_in in counted_in:
                meters[entry.meter].append(entry)
        found = {meter: _quantity(AGGREGATIONS[meter[0]], entries, counted_in) for meter, entries in meters.items()}
        return {meter: quantity for meter, quantity in found.items() if quantity}


def _quantity(aggregation: str, entries: list[Entry], counted_in: set[date]) -> Decimal:
    left = [entry for entry in entries if entry.sign > 0 and entry.cancelled_in not in counted_in]
    if aggregation == "count":
        return Decimal(sum(entry.sign for entry in entries))
    if aggregation == "max":
        return max((entry.quantity for entry in left), default=Decimal(0))
    if aggregation == "latest":
        newest = max(left, key=lambda e: (e.occurred_at, e.received_at, e.position, e.quantity), default=None)
        return newest.quantity if newest else Decimal(0)
    if aggregation == "unique":
        seen: Counter[tuple[str | None, datetime]] = Counter()
        for entry in entries:
            seen[entry.user, entry.hour] += entry.sign
        return Decimal(len({user for (user, _hour), times in seen.items() if times > 0}))
    return sum((entry.quantity for entry in entries), Decimal(0))
