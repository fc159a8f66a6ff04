"""The web process, served by granian (RSGI): the event loop reads a body, then a thread answers the request.

Over granian's WSGI a thread reads the body, without a time limit: as many idle connections as threads stop everything.
Here the event loop reads for at most WEB_BODY_SECONDS, and a thread gets a complete request.
docs/decisions/0009-bodies-before-threads.md names the alternatives.

A body that is late costs its sender a check of the key: without a known key the request is refused at once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from queue import SimpleQueue
from typing import Any

from django.conf import settings

from billing_platform.http.refused_bodies import REFUSED, Refusal
from billing_platform.http.warm_threads import WarmThreads
from billing_platform.lib.http.addresses import KEYED, needs_key
from billing_platform.wsgi import application as wsgi_application
from organisations.access.authentication import carries_known_key

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.1  # seconds
LATE_AFTER = 0.5
SMALL = 64 * 1024
MOST_PROMISED = 512 * 1024 * 1024
"""Bytes of bodies that a process waits for at a time, small ones aside."""
_STANDING = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
}


@dataclass(slots=True, eq=False)
class Job:
    """A request that a thread answers, and the future that ends its task."""

    scope: Any
    protocol: Any
    body: bytes
    refusal: Refusal | None
    answered: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Reader:
    """A body under way."""

    scope: Any
    task: asyncio.Task[Any] | None
    started: float
    is_checked: bool = False
    refusal: Refusal | None = None

    def refuse(self, refusal: Refusal) -> None:
        if self.refusal is None and self.task is not None:
            self.refusal = refusal
            self.task.cancel()


class Web:
    """What granian calls, on its event loop; the threads start with it."""

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.jobs: WarmThreads[Job | Reader] = WarmThreads()
        self.answered: deque[asyncio.Future[None]] = deque()
        self.readers: set[Reader] = set()
        self.promised = 0
        self.is_looking = False
        for number in range(settings.WEB_THREADS):
            threading.Thread(target=self._work, name=f"web-{number}", daemon=True).start()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if not self.is_looking:
            self.is_looking = True
            self._look()
        body, refusal = b"", None
        headers = scope.headers
        if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
            body, refusal = await self._receive(scope, protocol)
        answered = self.loop.create_future()
        self.jobs.put(Job(scope, protocol, body, refusal, answered))
        await answered  # a task that ends before the answer was sent is a 500 to granian

    async def _receive(self, scope: Any, protocol: Any) -> tuple[bytes, Refusal | None]:
        """The body, or the reason for not waiting. A body whose declared length is too long is refused by the view."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        declared = scope.headers.get("content-length")
        length = int(declared) if declared is not None else most
        if length > most:
            return b"", None if scope.path.startswith(KEYED) else Refusal.TOO_LARGE
        promised = length if length > SMALL else 0
        if self.promised + promised > MOST_PROMISED:
            return b"", Refusal.BUSY
        reader = Reader(scope, asyncio.current_task(self.loop), self.loop.time())
        self.readers.add(reader)
        self.promised += promised
        try:
            return (await protocol() if declared is not None else await _in_chunks(protocol, most + 1)), None
        except asyncio.CancelledError:
            if reader.refusal is None:
                raise
            return b"", reader.refusal
        except Exception:  # whatever the server raises when a client goes away
            return b"", Refusal.CUT_OFF
        finally:
            self.promised -= promised
            self.readers.discard(reader)

    def _look(self) -> None:
        """End the tasks whose answer was sent, and check bodies that are late. Runs every LOOK_EVERY seconds."""
        while self.answered:
            answered = self.answered.popleft()
            if not answered.done():  # granian cancels the task of a request that it gave up
                answered.set_result(None)
        now = self.loop.time()
        for reader in list(self.readers):
            if now - reader.started > settings.WEB_BODY_SECONDS:
                reader.refuse(Refusal.TOO_SLOW)
            elif now - reader.started > LATE_AFTER and not reader.is_checked:
                reader.is_checked = True
                if needs_key(reader.scope.path):
                    self.jobs.put(reader)
        self.loop.call_later(LOOK_EVERY, self._look)

    def _work(self) -> None:
        place: SimpleQueue[Job | Reader] = SimpleQueue()
        while True:
            job = self.jobs.get(place)
            if isinstance(job, Reader):
                self._check(job)
                continue
            try:
                _answer(job)
            except BaseException:  # a thread that ends would answer nobody any more
                logger.exception("request not answered")
                with suppress(Exception):  # the answer had begun: nothing more can be sent
                    job.protocol.response_bytes(500, [], b"")
            finally:
                self.answered.append(job.answered)

    def _check(self, reader: Reader) -> None:
        """Refuse a request with a late body at once if its key is unknown."""
        try:
            known = carries_known_key(reader.scope.headers.get("authorization", ""))
        except Exception:  # the database may be away: the request is read all the same
            logger.exception("key not looked up")
            return
        if not known:
            self.loop.call_soon_threadsafe(reader.refuse, Refusal.NO_KEY)


async def _in_chunks(protocol: Any, most: int) -> bytes:
    """At most so many bytes of a body without a Content-Length."""
    body = bytearray()
    async for part in protocol:
        body += part
        if len(body) >= most:
            return bytes(body[:most])
    return bytes(body)


def _answer(job: Job) -> None:
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        head[:] = [int(status[:3]), headers]

    parts = wsgi_application(_environ(job), start_response)
    status, headers = head
    if isinstance(parts, list):
        job.protocol.response_bytes(status, headers, b"".join(parts))
        return
    try:
        stream = job.protocol.response_stream(status, headers)
        for part in parts:
            stream.send_bytes(part)
    finally:
        getattr(parts, "close", lambda: None)()


def _environ(job: Job) -> dict[str, Any]:
    scope = job.scope
    wsgi: dict[str, Any] = dict(_STANDING)
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # `x_forwarded_for` would be taken for the X-Forwarded-For that only the proxy may set
        key = "HTTP_" + name.upper().replace("-", "_")
        if key in wsgi:
            wsgi[key] += (";" if key == "HTTP_COOKIE" else ",") + value
        else:
            wsgi[key] = value
    declared = wsgi.pop("HTTP_CONTENT_LENGTH", None)
    server, _, port = scope.server.rpartition(":")
    wsgi |= {
        "CONTENT_TYPE": wsgi.pop("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": declared if declared is not None and not job.body else str(len(job.body)),
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REQUEST_METHOD": scope.method,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/" + scope.http_version,
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(job.body),
    }
    if "HTTP_HOST" not in wsgi:
        wsgi["HTTP_HOST"] = scope.authority or ""
    if job.refusal is Refusal.NO_KEY:
        wsgi["CONTENT_LENGTH"] = "0"  # refused for its key, whatever the body holds
    elif job.refusal is not None:
        wsgi[REFUSED] = job.refusal
    return wsgi


application = Web()
