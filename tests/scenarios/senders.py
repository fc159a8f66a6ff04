"""Senders of usage as customers write them: events without a 202 are sent again, and sometimes others too."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import requests

METRICS = {"calls": "sum", "requests": "count", "peak": "max", "stored": "latest", "users": "unique"}
UNDEFINED = "undefined"  # the organisation is strict: these become dead letters
DIMENSION, UNIQUE_PROPERTY = "region", "user_id"

MOST_EVENTS = 200
AGAIN = 0.1
PAUSE = 0.05
TIMEOUT = (2, 5)
_STARTED = datetime.now(UTC)


def quantity_of(event_id: str) -> Decimal:
    number = int(event_id.rpartition("-")[2])
    return Decimal(f"{number % 97}.{number % 8 * 125:03d}")


def is_countable(event_id: str) -> bool:
    return int(event_id.rpartition("-")[2]) % 50 != 0


def _event(event_id: str) -> dict[str, Any]:
    """The same id is the same event."""
    number = int(event_id.rpartition("-")[2])
    return {
        "event_id": event_id,
        "metric_name": list(METRICS)[number % len(METRICS)] if is_countable(event_id) else UNDEFINED,
        "metric_value": str(quantity_of(event_id)),
        "unit": "unit",
        "timestamp": (_STARTED - timedelta(minutes=number % 3_000)).isoformat(),
        "metadata": {DIMENSION: ["in", "eu", "us"][number % 3], UNIQUE_PROPERTY: f"user-{number % 211}"},
    }


@dataclass(frozen=True)
class Parcel:
    """One request, byte for byte the same however often it is sent."""

    path: str
    headers: dict[str, str]
    body: bytes
    event_ids: tuple[str, ...]

    @classmethod
    def single(cls, event_id: str) -> Parcel:
        body = json.dumps(_event(event_id)).encode()
        return cls("/api/v1/events", {"Content-Type": "application/json"}, body, (event_id,))

    @classmethod
    def batch(cls, event_ids: tuple[str, ...], *, lines: bool, compressed: bool) -> Parcel:
        events = [_event(event_id) for event_id in event_ids]
        text = "\n".join(json.dumps(event) for event in events) if lines else json.dumps({"events": events})
        headers = {"Content-Type": "application/x-ndjson" if lines else "application/json"}
        body = text.encode()
        if compressed:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 1)
        return cls("/api/v1/events/batch", headers, body, event_ids)


@dataclass
class Book:
    """What the senders know: how often each event was sent and accepted, and the other answers."""

    tried: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    batch_ids: set[str] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    unheard_of: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_try(self, parcel: Parcel) -> None:
        with self._lock:
            self.tried.update(parcel.event_ids)

    def note_break(self, error: requests.RequestException) -> None:
        with self._lock:
            self.broken[type(error).__name__] += 1

    def note_answer(self, parcel: Parcel, answer: requests.Response) -> bool:
        """Whether it was accepted."""
        body = _json(answer)
        with self._lock:
            if answer.status_code == 202:
                self.accepted.update(parcel.event_ids)
                self.batch_ids |= {body["batch_id"]} if "batch_id" in body else set()
                return True
            if _is_our_refusal(answer.status_code, body):
                self.refusals[f"{answer.status_code} {body['code']}"] += 1
            else:
                self.unheard_of.append(f"{answer.status_code} {answer.text[:500]}")
        return False

    def __str__(self) -> str:
        return (
            f"{len(self.tried)} events sent {self.tried.total()} times, {self.accepted.total()} of them accepted; "
            f"refused: {dict(self.refusals)}, broken: {dict(self.broken)}"
        )


class Sender(threading.Thread):
    """Send one request after another on one connection until `finish`; then the last request has its 202."""

    def __init__(self, name: str, base_url: str, key: str, book: Book, random: Random) -> None:
        super().__init__(name=name, daemon=True)
        self.base_url, self.book, self.random = base_url, book, random
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {key}"
        self._enough = threading.Event()
        self._number = 0

    def run(self) -> None:
        while not self._enough.wait(PAUSE):
            parcel = self._next_parcel()
            self.send_until_accepted(parcel)
            if self.random.random() < AGAIN:
                self.send(parcel)

    def finish(self) -> None:
        self._enough.set()

    def send_until_accepted(self, parcel: Parcel, *, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not self.send(parcel):
            if time.monotonic() > deadline:
                raise AssertionError(f"Nothing was accepted for {seconds} s; {self.book}.")
            time.sleep(0.1)

    def send(self, parcel: Parcel) -> bool:
        self.book.note_try(parcel)
        try:
            answer = self.session.post(
                self.base_url + parcel.path, data=parcel.body, headers=parcel.headers, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            self.book.note_break(error)
            return False
        return self.book.note_answer(parcel, answer)

    def single(self) -> Parcel:
        return Parcel.single(*self._new_ids(1))

    def _next_parcel(self) -> Parcel:
        if self.random.random() < 0.3:
            return self.single()
        ids = self._new_ids(self.random.randint(1, MOST_EVENTS))
        return Parcel.batch(ids, lines=self.random.random() < 0.5, compressed=self.random.random() < 0.5)

    def _new_ids(self, count: int) -> tuple[str, ...]:
        first = self._number + 1
        self._number += count
        return tuple(f"{self.name}-{number}" for number in range(first, first + count))


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _is_our_refusal(status: int, body: dict[str, Any]) -> bool:
    """The error envelope, with a status that tells a sender to try again: on a 401 it would give its events up."""
    named = {"error", "code", "status_code", "details", "request_id"}
    return (status == 429 or status >= 500) and body.keys() == named and body["status_code"] == status
