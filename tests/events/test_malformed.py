"""More than a thousand malformed requests to a real web process: each is refused with a sentence, none is a fault.

No valid event beside a bad one is lost, and what is sent to make the process large does not.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Sum

from billing_platform.local.process_table import GIVE_BACK_MEMORY
from billing_platform.local.process_table import web as web_command
from events.models import EventBatch
from organisations.models import Organisation
from tests.events import malformed
from tests.events.language import counted, settle
from tests.events.malformed import Request

CHECKOUT = Path(__file__).resolve().parents[2]
MEGABYTE = 1024 * 1024
STAYS_WITHIN = 64 * MEGABYTE
PEAKS_WITHIN = 256 * MEGABYTE  # several requests of ten megabytes at once, unpacked and decoded

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Web:
    """One granian worker on the tests' database."""

    port: int
    key: str
    worker: psutil.Process

    def send(self, request: Request) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": request.content_type} | request.headers
        calls = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            calls.request("POST", request.path, request.body, headers)
            answer = calls.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            calls.close()

    def send_raw(self, head: str, body: bytes = b"", *, hang_up: bool = False) -> bytes:
        """What comes back for a request written by hand."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            key = f"Authorization: Bearer {self.key}\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            line.sendall(f"POST /api/v1/events HTTP/1.1\r\n{key}{head}\r\n\r\n".encode() + body)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
            return line.recv(65536)

    def resident(self) -> int:
        return int(self.worker.memory_info().rss)

    def peak(self) -> int:
        """The most it ever was (VmHWM)."""
        status = Path(f"/proc/{self.worker.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


@pytest.fixture
def web(project_key: str, tmp_path: Path) -> Iterator[Web]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "DJANGO_SETTINGS_MODULE": "billing_platform.settings",
        "RATE_LIMIT_PROJECT_KEY": "1000000/m",
        "LOG_LEVEL": "ERROR",
        **GIVE_BACK_MEMORY,
    }
    command = web_command(f"http://127.0.0.1:{port}", workers=1)
    log = tmp_path / "web.log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdout=written,
            stderr=written,
        )
    try:
        _wait_for(port, log)
        (worker,) = psutil.Process(server.pid).children()
        yield Web(port, project_key, worker)
        assert "Traceback" not in log.read_text()
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        calls = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            calls.request("GET", "/health")
            assert calls.getresponse().status == 200
        except OSError:
            time.sleep(0.2)
        else:
            return
        finally:
            calls.close()
    raise AssertionError(log.read_text())


def _complaints(request: Request, status: int, answer: dict[str, Any]) -> list[str]:
    """What is wrong with an answer."""
    if request.good or (request.may_be_valid and status == 202):
        kept = answer.get("accepted", 1)
        if status != 202 or (request.good and kept != request.good):
            return [f"{request.name}: {status} {answer}"]
        return []
    if not 400 <= status < 500:
        return [f"{request.name}: {status} {answer}"]
    missing = {"error", "code", "status_code", "details", "request_id"} - set(answer)
    told = json.dumps(answer)
    if missing or answer["status_code"] != status or len(answer["error"]) < 15:
        return [f"{request.name}: not our envelope: {told[:500]}"]
    if request.names_field and request.names_field not in told:
        return [f"{request.name}: {request.names_field} isn't named: {told[:500]}"]
    if len(told) > 4000:
        return [f"{request.name}: an answer of {len(told)} bytes"]
    return []


def test_a_thousand_malformed_requests_are_refused_and_no_valid_event_is_lost(web: Web, acme: Organisation) -> None:
    def judge(request: Request) -> tuple[int, int, list[str]]:
        status, answer = web.send(request)
        kept = int(answer.get("accepted", 1)) if status == 202 else 0
        return status, kept, _complaints(request, status, answer)

    everything = list(malformed.requests())
    with ThreadPoolExecutor(4) as threads:
        warm = list(threads.map(judge, everything[:200]))
        before = web.resident()
        outcomes = warm + list(threads.map(judge, everything[200:]))
    complaints = [complaint for _, _, found in outcomes for complaint in found]
    assert not complaints, "\n".join([f"{len(complaints)} complaints, such as:", *complaints[:30]])
    statuses = Counter(status // 100 for status, _, _ in outcomes)
    assert statuses[4] >= 1000
    assert web.resident() - before < STAYS_WITHIN

    stored = sum(kept for _, kept, _ in outcomes)
    assert EventBatch.objects.aggregate(all=Sum("event_count"))["all"] == stored
    settle()
    good = {f"{place}-{number}" for number in range(len(list(malformed.bad_events()))) for place in ("line", "last")}
    found = set(counted(acme))
    lost = {event_id for event_id in good if event_id not in found}
    assert {event_id for event_id in lost if not _had_a_newline(event_id)} == set()


def _had_a_newline(event_id: str) -> bool:
    """Those two events would be three lines: they are not sent as lines."""
    _name, text = list(malformed.bad_events())[int(event_id.rpartition("-")[2])]
    return "\n" in text


def test_bombs_are_refused_and_the_process_stays_small(web: Web) -> None:
    """Four at a time, and the sixth round takes no more room than the second."""
    fresh = web.resident()
    bombs, sizes = malformed.bombs(), []
    for _ in range(6):
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(web.send, bombs))
        assert {status for status, _ in answers} <= {400, 413}
        assert all(answer["error"] and answer["request_id"] for _, answer in answers)
        sizes.append(web.resident())
    assert sizes[-1] - sizes[1] < STAYS_WITHIN
    assert web.peak() - fresh < PEAKS_WITHIN
    assert not EventBatch.objects.exists()


def test_a_wrong_content_length_is_refused(web: Web) -> None:
    event = malformed.good_event("length").encode()
    assert b" 400 " in web.send_raw(f"Content-Length: {len(event) - 5}", event)[:20]
    assert web.send_raw(f"Content-Length: {len(event) + 5}", event, hang_up=True)[9:12] in {b"", b"400"}
    too_long = settings.EVENTS_MAX_BYTES * 100
    assert b" 413 " in web.send_raw(f"Content-Length: {too_long}", b"{")[:20]
    for length in ("-1", "abc", "1e3", "9" * 30, "5, 6"):
        assert web.send_raw(f"Content-Length: {length}", event)[9:10] == b"4", length
    assert not EventBatch.objects.exists()
    assert web.send(Request("a good one", malformed.SINGLE, event))[0] == 202
