"""The stand-in of the portal as a real process."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import Any

import requests

from tests.local.razorpay.harness import ROOT, free_port, wait_until


class PortalProcess:
    """`tests.local.irp.portal` on a free port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = requests.Session()
        self.http.trust_env = False

    def __enter__(self) -> PortalProcess:
        command = [sys.executable, "-m", "tests.local.irp.portal", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT)
        wait_until(self._answers, seconds=30)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.terminate()
        self.process.wait(10)

    def _answers(self) -> bool:
        with suppress(requests.RequestException):
            return self.http.get(f"{self.url}/control", timeout=1).ok
        return False

    def control(self, **wanted: Any) -> dict[str, Any]:
        """Set a fault or the time, or only ask what happened."""
        answer: dict[str, Any] = self.http.post(f"{self.url}/control", json=wanted, timeout=5).json()
        return answer

    @property
    def irns(self) -> list[str]:
        found: list[str] = self.control()["irns"]
        return found

    def asked(self, call: str) -> int:
        """How often, such as "POST /invoice"."""
        calls: list[str] = self.control()["calls"]
        return calls.count(call)
