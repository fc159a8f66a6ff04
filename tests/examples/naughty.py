"""What stands between a client and the platform: it passes requests on, or does what goes wrong on the way."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Between(ThreadingHTTPServer):
    """`plays` are done one for each request, in this order; then requests are passed on.

    "lost": stored, but no answer comes. "cut": not stored, and no answer. "hang": stored, and the answer waits for
    `answers`. A number: that status, without having asked the platform. `requests` are the ids in each request.
    """

    daemon_threads = True

    def __init__(self, port: int, platform_port: int, plays: list[str | int]) -> None:
        self.platform_port, self.plays = platform_port, deque(plays)
        self.requests: list[list[str]] = []
        self.stored, self.answers = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Between

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        lines = gzip.decompress(body).splitlines()
        self.server.requests.append([json.loads(line)["event_id"] for line in lines])
        play = self.server.plays.popleft() if self.server.plays else "pass"
        if isinstance(play, int):
            return self._answer(play, b'{"error": "Not now.", "details": {}}', {"Retry-After": "0"})
        if play == "cut":
            return None
        status, answer = self._pass_on(body)
        self.server.stored.set()
        if play == "lost":
            return None
        if play == "hang":
            self.server.answers.wait(60)
        return self._answer(status, answer, {})

    def _pass_on(self, body: bytes) -> tuple[int, bytes]:
        platform = http.client.HTTPConnection("127.0.0.1", self.server.platform_port, timeout=30)
        names = ("Authorization", "Content-Type", "Content-Encoding")
        platform.request("POST", self.path, body, {name: self.headers[name] for name in names})
        reply = platform.getresponse()
        try:
            return reply.status, reply.read()
        finally:
            platform.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """The test says what it needs to."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def between(port: int, platform_port: int, *plays: str | int) -> Iterator[Between]:
    with Between(port, platform_port, list(plays)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.answers.set()
            server.shutdown()
