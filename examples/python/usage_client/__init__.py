"""Report usage from a Python program. Copy this folder into your project: it needs Python 3.11 and nothing else.

    with Client("https://billing.example.com", "mbp_live_…", spool="/var/spool/usage", durable=True) as usage:
        usage.count("api_calls", 1, "call", region="in")

`count` never waits for the network. A thread sends what waits, in batches, until the platform has it. An event keeps
its id however often it is sent, and the platform counts an id once, for 35 days. README.md says what is lost when.
"""

from __future__ import annotations

import atexit
import gzip
import http.client
import json
import logging
import multiprocessing.util
import os
import random
import threading
import time
import urllib.request
import uuid
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from .buffers import BufferFull, Memory, Spool

__all__ = ["BufferFull", "Client", "Rejected"]

MOST_EVENTS = 5_000  # of a batch; the platform takes twice as many
MOST_EVENT_BYTES = 64_000  # metadata is limited to 8 KB
MOST_ANSWER_BYTES = 8_000_000
LONGEST_PAUSE, LONGEST_RETRY_AFTER = 60, 300  # seconds

log = logging.getLogger("usage_client")


@dataclass(frozen=True)
class Rejected:
    """An event that the platform will never take, and why. It is dropped."""

    event: dict[str, Any]
    code: str
    message: str


class Client:
    """Counts usage of one project. Make one for the life of a process; threads may share it, and forks go on with it.

    Without `spool` events wait in memory, `most_waiting` at most. With it they wait in files of that directory, which
    is for one project, and holds about `most_spool_bytes` at most; `durable` means that each is on the disk when
    `count` returns. A batch is sent when it has `batch_size` events or is `batch_seconds` old. `on_rejected` is called
    by the sending thread.
    """

    def __init__(
        self, base_url: str, key: str, *, spool: str | os.PathLike[str] | None = None, durable: bool = False,
        batch_size: int = 1_000, batch_seconds: float = 1.0, timeout: float = 30.0, retry_seconds: float = 0.5,
        most_waiting: int = 100_000, most_spool_bytes: int = 1_000_000_000,
        on_rejected: Callable[[Rejected], None] | None = None,
    ) -> None:  # fmt: skip
        if not 1 <= batch_size <= MOST_EVENTS or (durable and spool is None):
            raise ValueError(f"batch_size lies between 1 and {MOST_EVENTS}, and durable needs a spool.")
        if not base_url.startswith(("https://", "http://")):
            raise ValueError("base_url begins with https:// or http://.")
        self._buffer = (
            Memory(batch_size, most_waiting)
            if spool is None
            else Spool(Path(spool), batch_size, most_spool_bytes, durable=durable)
        )
        self._url, self._key = base_url.rstrip("/") + "/api/v1/events/batch", key
        self._batch_seconds, self._timeout, self._retry_seconds = batch_seconds, timeout, retry_seconds
        self._on_rejected = on_rejected
        self._opener = urllib.request.build_opener(_AnyStatus)
        self._after_fork()
        _clients.add(self)
        atexit.register(self.close)
        if spool is not None:
            self._start()  # to send what the last process left

    def count(
        self, metric: str, value: int | str | Decimal, unit: str, *,
        event_id: str | None = None, timestamp: datetime | None = None, **dimensions: Any,
    ) -> str:  # fmt: skip
        """Take one event, and return its id. It happened at `timestamp`, which has a time zone, or now.

        Dimensions become the event's metadata. Raises ValueError or TypeError for what can't be an event, BufferFull if
        too much waits: the event is not taken. OSError if the spool can't be written: whether it was taken is not
        known, so count it again with the same `event_id`.
        """
        event_id = event_id or str(uuid.uuid4())
        moment = timestamp or datetime.now(UTC)
        if moment.tzinfo is None:
            raise ValueError("timestamp needs a time zone.")
        event: dict[str, Any] = {"event_id": event_id, "metric_name": metric, "metric_value": _number(value)}
        event |= {"unit": unit, "timestamp": moment.astimezone(UTC).isoformat()}
        if dimensions:
            event["metadata"] = dimensions
        line = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        if len(line) > MOST_EVENT_BYTES:
            raise ValueError(f"The event is {len(line)} bytes long; at most {MOST_EVENT_BYTES} are taken.")
        if self._buffer.append(line):
            self._wake.set()
        if self._sender is None:
            self._start()
        return event_id

    def close(self, timeout: float = 10.0) -> bool:
        """Send what waits, for `timeout` seconds at most: whether all was sent. The rest is in the spool, or lost."""
        self._buffer.close()
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        self._wake.set()
        sender = self._sender
        if sender is not None and sender is not threading.current_thread():
            sender.join(timeout)
        atexit.unregister(self.close)
        if not (all_sent := sender is None or (self._all_sent and not sender.is_alive())):
            log.error("closed before all usage was sent; %s", self._buffer.at_the_end)
        return all_sent

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _after_fork(self) -> None:
        """Threads and locks of the parent do not live on in a child."""
        self._starting, self._wake, self._closing = threading.Lock(), threading.Event(), threading.Event()
        self._sender: threading.Thread | None = None
        self._deadline, self._all_sent = float("inf"), True

    def _start(self) -> None:
        with self._starting:
            if self._sender is None:
                if multiprocessing.parent_process():  # such a process ends without atexit
                    multiprocessing.util.Finalize(None, self.close, exitpriority=0)
                sender = threading.Thread(target=self._run, name="usage", daemon=True)
                sender.start()
                self._sender = sender

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._wake.wait(self._batch_seconds)
            self._wake.clear()
            is_last = self._closing.is_set()
            try:
                self._all_sent = self._send_all()
            except Exception:  # the disk: the next round tries again
                self._all_sent = False
                log.exception("usage was not sent")

    def _send_all(self) -> bool:
        """All that waits now; events that come meanwhile make the next batch."""
        self._buffer.seal()
        while batch := self._buffer.take():
            is_sent = False
            try:
                is_sent = self._deliver(batch.lines)
            finally:
                (self._buffer.done if is_sent else self._buffer.give_back)(batch)
            if not is_sent:
                return False
        return True

    def _deliver(self, lines: list[bytes]) -> bool:
        """Whether the platform has or has refused each of them. It tries for ever, until `close` has no more time."""
        failures = 0
        while lines:
            status, answer, retry_after = self._post(lines)
            rejected = _rejected(answer, len(lines))
            if status == 202 or (status == 400 and rejected):
                self._report(lines, rejected)
                lines = [] if status == 202 else [line for at, line in enumerate(lines) if at not in rejected]
                continue
            if status == 413 and len(lines) > 1:
                half = len(lines) // 2
                return self._deliver(lines[:half]) and self._deliver(lines[half:])
            failures += 1
            pause = self._pause(failures, retry_after)
            why = answer.get("error", "no answer")
            log.warning("usage waits: %s %s (%d events, again in %.1f s)", status, why, len(lines), pause)
            if self._closing.is_set():
                time.sleep(max(0.0, min(pause, self._deadline - time.monotonic())))
            else:
                self._closing.wait(pause)
            if time.monotonic() >= self._deadline:
                return False
        return True

    def _pause(self, failures: int, retry_after: str) -> float:
        """Seconds: twice as long each time, at random so that not all clients come back at once."""
        own = min(LONGEST_PAUSE, self._retry_seconds * 2.0 ** min(failures - 1, 10)) * random.uniform(0.5, 1)  # noqa: S311
        return own + (min(LONGEST_RETRY_AFTER, int(retry_after)) if retry_after.isdecimal() else 0)

    def _post(self, lines: list[bytes]) -> tuple[int, dict[str, Any], str]:
        """Status (0 if no answer came, or another one than the platform's), answer, Retry-After."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/x-ndjson"}
        headers |= {"Content-Encoding": "gzip", "User-Agent": "usage-client-python/1"}
        body = gzip.compress(b"".join(lines), 5)
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 -- checked at the start
        try:
            with self._opener.open(request, timeout=self._timeout) as reply:
                status, answer = reply.status, _object(reply.read(MOST_ANSWER_BYTES))
                retry_after = reply.headers.get("Retry-After") or ""
        except (OSError, http.client.HTTPException) as error:
            return 0, {"error": str(error)}, ""
        if status < 400 and (status != 202 or answer.get("status") != "accepted"):
            return 0, {"error": f"{status}, but not as the platform answers"}, ""
        return status, answer, retry_after

    def _report(self, lines: list[bytes], rejected: dict[int, dict[str, Any]]) -> None:
        for at, reason in rejected.items():
            found = Rejected(json.loads(lines[at]), str(reason.get("code")), str(reason.get("message")))
            log.error("usage event rejected: %s: %s %s", found.event["event_id"], found.code, found.message)
            try:
                if self._on_rejected:
                    self._on_rejected(found)
            except Exception:
                log.exception("on_rejected failed")


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """No exception for a refusal. No redirect either: the key would go along to another host."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response

    https_response = http_response


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _rejected(answer: dict[str, Any], count: int) -> dict[int, dict[str, Any]]:
    """By their places in the request: those that the platform names in a 202 or a 400."""
    details = answer.get("details")
    named = answer.get("rejected") or (details.get("rejected") if isinstance(details, dict) else None) or []
    return {one["index"]: one for one in named if isinstance(one, dict) and one.get("index") in range(count)}


def _number(value: int | str | Decimal) -> str:
    if isinstance(value, float | bool):
        raise TypeError("A quantity is an int, a Decimal or text: a float has lost digits already.")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number.") from None
    if not number.is_finite() or number < 0:
        raise ValueError("A quantity is 0 or more.")
    return str(value)


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client._buffer.after_fork()
        client._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
