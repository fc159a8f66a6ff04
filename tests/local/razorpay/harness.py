"""The sandbox as a real process, and a small server that receives its webhooks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import razorpay
import requests

ROOT = Path(__file__).resolve().parents[3]
KEY_ID = "rzp_test_SandboxKey0001"
KEY_SECRET = "test_secret_123"
WEBHOOK_SECRET = "whsec_local"
START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, seconds: float = 15) -> Any:
    """The first true answer of `condition`, or an AssertionError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain")


class SandboxProcess:
    """granian serving `billing_platform.local.razorpay.wsgi` on a free port, with its data in `directory`."""

    def __init__(
        self,
        directory: Path,
        *,
        webhook_url: str = "",
        key_id: str = KEY_ID,
        key_secret: str = KEY_SECRET,
        webhook_secret: str = WEBHOOK_SECRET,
    ) -> None:
        self.directory = directory
        self.webhook_url = webhook_url
        self.key_id, self.key_secret = key_id, key_secret
        self.webhook_secret = webhook_secret
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Connection"] = "close"  # a drop cuts those that stay open

    def __enter__(self) -> SandboxProcess:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "SANDBOX_DIR": str(self.directory),
            "SANDBOX_BASE_URL": self.base_url,
            "SANDBOX_WEBHOOK_URL": self.webhook_url,
            "RAZORPAY_KEY_ID": self.key_id,
            "RAZORPAY_KEY_SECRET": self.key_secret,
            "RAZORPAY_WEBHOOK_SECRET": self.webhook_secret,
        }

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "granian", "--interface", "wsgi"]
        command += ["billing_platform.local.razorpay.wsgi:application", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "1", "--blocking-threads", "8"]
        with (self.directory / "sandbox.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_up, seconds=START_SECONDS)

    def _is_up(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise AssertionError((self.directory / "sandbox.log").read_text())
        try:
            return self.http.get(f"{self.base_url}/_sim/health", timeout=2).ok
        except requests.RequestException:
            return False

    def stop(self, *, kill: bool = False) -> None:
        """End it politely, or, with `kill`, as a crash would."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        self.process.wait(timeout=15)
        self.process = None

    def control(self, path: str, body: Any = None, *, method: str = "POST") -> Any:
        """Call /_sim/{path}; a body that is not given is empty."""
        url = f"{self.base_url}/_sim/{path}"
        response = self.http.request(method, url, json=body, timeout=20)
        assert response.ok, response.text
        return response.json()

    def reset(self) -> None:
        """Empty it."""
        self.control("reset")

    def pay(self, order_id: str, outcome: str = "success", **options: Any) -> dict[str, Any]:
        """One attempt of a payer; the payment entity that comes of it."""
        payment: dict[str, Any] = self.control(f"orders/{order_id}/pay", {"outcome": outcome, **options})
        return payment

    def deliveries(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.control("webhooks", method="GET")["items"]
        return items

    def client(self, *, key_id: str | None = None, key_secret: str | None = None) -> Any:
        """The real SDK, pointed at this sandbox."""
        session = requests.Session()
        session.trust_env = False
        auth = (key_id or self.key_id, key_secret or self.key_secret)
        return razorpay.Client(session=session, auth=auth, base_url=self.base_url)


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def name(self) -> str:
        return str(self.event["event"])

    @property
    def event_id(self) -> str:
        return self.headers["x-razorpay-event-id"]


@dataclass
class WebhookReceiver:
    """Keeps every request; `status` and `pause` say how it answers."""

    status: int = 200
    pause: float = 0
    requests: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Received(headers, body))
                time.sleep(receiver.pause)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/razorpay"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def names(self) -> list[str]:
        return [received.name for received in self.requests]

    def wait_for(self, count: int) -> list[Received]:
        wait_until(lambda: len(self.requests) >= count)
        return self.requests[:count]

    def clear(self) -> None:
        self.status, self.pause = 200, 0
        self.requests.clear()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
