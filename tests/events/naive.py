"""A naive model of the pipeline with lists, loops and Decimal; tests compare the real pipeline with this model."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Kolkata")

AGGREGATIONS = {
    "calls": "sum",
    "bytes": "sum",
    "hits": "count",
    "peak": "max",
    "level": "latest",
    "users": "unique",
    "stored": "weighted_sum",
}
DIMENSIONS = {"calls": ["region"], "peak": ["region"], "users": ["region"], "stored": ["region"]}

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
    operation: str | None = None
    sign: int = 1
    cancelled_in: date | None = None
    """The billing month of the correction that cancelled it."""

    @property
    def hour(self) -> datetime:
        return self.occurred_at.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)

    @property
    def value(self) -> Decimal:
        """What is added up: of a level, what is taken off is negative."""
        return -self.quantity if self.metric == "stored" and self.operation == "remove" else self.quantity

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
            if metric == "stored" and metadata.get("operation") not in (None, "add", "remove"):
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
                operation=metadata.get("operation"),
            )
            entry.counted_in = self._open_month(entry.meter[2], metric)
            self.ledger.append(entry)
            self.standing[event_id] = entry
        self.waiting = []

    def correct(self, event_id: str, quantity: Decimal | None) -> None:
        entry = self.standing[event_id]
        assert entry is not None
        month = self._open_month(entry.counted_in, entry.metric)
        entry.cancelled_in = month
        reversal = Entry(**(vars(entry) | {"quantity": -entry.quantity, "counted_in": month, "sign": -entry.sign}))
        self.ledger.append(reversal)
        self.standing[event_id] = None
        if quantity is not None:
            replacement = Entry(**(vars(entry) | {"quantity": quantity, "counted_in": month, "cancelled_in": None}))
            self.ledger.append(replacement)
            self.standing[event_id] = replacement

    def _open_month(self, month: date, metric: str) -> date:
        if metric == "stored":  # usage of all months that follow, so none of them may be closed
            month = max([month, *(_next(closed) for closed in self.closed)])
        while month in self.closed:
            month = _next(month)
        return month

    def sums(self) -> dict[tuple[Any, ...], tuple[Decimal, int]]:
        """Total and count by metric, region, hour and billing month."""
        found: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [Decimal(0), 0])
        for entry in self.ledger:
            key = (entry.metric, entry.region, entry.hour, entry.counted_in)
            found[key][0] += entry.value
            found[key][1] += entry.sign
        return {key: (total, count) for key, (total, count) in found.items()}

    def quantities(self, counted_in: set[date], now: datetime) -> dict[Meter, Decimal]:
        """What each meter comes to over some billing months, meters that come to nothing left out."""
        meters: defaultdict[Meter, list[Entry]] = defaultdict(list)
        for entry in self.ledger:
            if entry.counted_in in counted_in and entry.metric != "stored":
                meters[entry.meter].append(entry)
        found = {meter: _quantity(AGGREGATIONS[meter[0]], entries, counted_in) for meter, entries in meters.items()}
        found |= self._unit_hours(counted_in, now)
        return {meter: quantity for meter, quantity in found.items() if quantity}

    def _unit_hours(self, counted_in: set[date], now: datetime) -> dict[Meter, Decimal]:
        """Each change of a level for as long as it lasts, month by month."""
        hour_begun = now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
        found: defaultdict[Meter, Fraction] = defaultdict(Fraction)
        for entry in self.ledger:
            if entry.metric != "stored" or entry.hour >= hour_begun:
                continue
            month = entry.meter[2]
            while month <= max(counted_in):
                if max(month, entry.counted_in) in counted_in:
                    start = max(entry.occurred_at, datetime.combine(month, time(), ZONE))
                    end = min(hour_begun, datetime.combine(_next(month), time(), ZONE))
                    if start < end:
                        hours = Fraction((end - start) // timedelta(microseconds=1), 3_600_000_000)
                        found[entry.metric, entry.region, month] += Fraction(entry.value) * hours
                month = _next(month)
        return {meter: _rounded(hours) for meter, hours in found.items()}


def _next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _rounded(number: Fraction) -> Decimal:
    """To 8 places, halves away from zero."""
    units = int(abs(number) * 10**8 + Fraction(1, 2))
    return Decimal(f"{units if number > 0 else -units}E-8")


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
