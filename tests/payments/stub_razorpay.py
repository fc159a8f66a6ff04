"""A server that answers as a test tells it, and keeps what it was asked: for shapes that no sandbox would invent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from payments.gateways import RazorpayGateway

SECRET = "stub_secret_never_shown"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


@dataclass(frozen=True)
class Reply:
    """`content` is sent as JSON, or as it is if it is bytes; None closes the connection without an answer."""

    content: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class StubRazorpay:
    """`answer`: what each request gets; tests replace it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply] = lambda asked: Reply({"items": []})
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, raw)
                stub.asked.append(asked)
                reply = stub.answer(asked)
                if reply.content is None:
                    return
                content = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"

    def one_by_one(self, *replies: Reply) -> None:
        """Each of them once, then the last one for ever."""
        waiting = list(replies)
        self.answer = lambda asked: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def gateway(self, key_id: str = "rzp_test_stub0000000001") -> RazorpayGateway:
        return RazorpayGateway(key_id=key_id, key_secret=SECRET, base_url=self.base_url, timeout=(1.0, 1.0))


@contextmanager
def running_stub() -> Iterator[StubRazorpay]:
    stub = StubRazorpay()
    threading.Thread(target=stub.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield stub
    finally:
        stub.server.shutdown()
        stub.server.server_close()
