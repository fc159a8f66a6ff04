"""Slow request bodies to a real web server with two processes hold no thread and are cut off in time."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from billing_platform.local.process_table import GIVE_BACK_MEMORY, web
from billing_platform.rsgi import Web
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import counted, event, send, settle
from tests.events.test_malformed import CHECKOUT, _wait_for

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 60
DEADLINE = 4
SOON = 3.0  # seconds; by itself each of these takes milliseconds
ALLOWANCE = 2.0


@pytest.fixture(scope="module")
def _web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[tuple[int, Path]]:
    """Port and log of one server for all of these tests: after a body that was cut, it serves the next test as well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",  # static files without collecting them
        "WEB_BODY_SECONDS": str(DEADLINE),
        "LOG_LEVEL": "ERROR",
        **GIVE_BACK_MEMORY,
    }
    log = tmp_path_factory.mktemp("slow-bodies") / "web.log"
    with log.open("wb") as written:
        command = web(f"http://127.0.0.1:{number}", workers=2)
        server = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=written, stderr=written)
    try:
        _wait_for(number, log)
        yield number, log
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def port(_web: tuple[int, Path], db: None) -> Iterator[int]:
    number, log = _web
    yield number
    assert "Traceback" not in log.read_text()


def _begin(port: int, path: str, *head: str, length: int = 1000) -> socket.socket:
    """Headers, and one byte of the body that they promise."""
    line = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE + 10)
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *head]
    line.sendall("\r\n".join([*lines, f"Content-Length: {length}", "", "{"]).encode())
    return line


def _end(line: socket.socket) -> tuple[int, dict[str, Any], float]:
    """Status and envelope of the answer, and how long until the connection was closed."""
    started = time.monotonic()
    received = b""
    while part := line.recv(65536):
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body or b"{}"), time.monotonic() - started


def _ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, float]:
    started = time.monotonic()
    calls = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE + 10)
    try:
        calls.request(method, path, body, headers)
        answer = calls.getresponse()
        answer.read()
        return answer.status, time.monotonic() - started
    finally:
        calls.close()


@pytest.mark.parametrize("path", ["/api/v1/events", "/admin/login/", "/api/v1/webhooks/razorpay"])
def test_idle_connections_block_no_request_and_are_closed(
    port: int, acme: Organisation, project_key: str, path: str
) -> None:
    key = f"Authorization: Bearer {project_key}"
    with ExitStack() as open_lines:
        began = time.monotonic()
        lines = [open_lines.enter_context(_begin(port, path, key)) for _ in range(MANY)]
        usage = json.dumps(event("meanwhile")).encode()
        headers = {"Authorization": f"Bearer {project_key}", "Content-Type": "application/json"}
        for method, asked, body, more, status in [
            ("GET", "/health", None, {}, 200),
            ("GET", "/admin/login/", None, {}, 200),
            ("POST", "/api/v1/events", usage, headers, 202),
            ("GET", "/api/v1/usage", None, headers, 200),
        ]:
            found, seconds = _ask(port, method, asked, body, **more)
            assert (found, seconds < SOON) == (status, True), (asked, found, seconds)
        assert time.monotonic() - began < DEADLINE, "all of that happened while they were open"
        answers = [_end(line) for line in lines]
        assert {(status, envelope["code"]) for status, envelope, _seconds in answers} == {(408, "REQUEST_TIMEOUT")}
        assert time.monotonic() - began < DEADLINE + ALLOWANCE
    settle()
    assert counted(acme) == ["meanwhile"]


@pytest.mark.parametrize(
    ("path", "authorization"),
    [
        ("/api/v1/events", ""),
        ("/api/v1/events/batch", "Bearer mbp_live_AAAAAAAA_" + "x" * 40),
        ("/events", "Basic abc"),
        ("/api/v1/admin/organisations", ""),
        ("/api/v1/payments/orders", "Bearer nonsense"),
    ],
)
def test_a_stranger_is_refused_before_the_body_has_arrived(port: int, path: str, authorization: str) -> None:
    with _begin(port, path, *([f"Authorization: {authorization}"] if authorization else [])) as line:
        status, envelope, seconds = _end(line)
    assert (status, envelope["code"], seconds < SOON) == (401, "UNAUTHENTICATED", True)


def test_what_says_it_is_too_long_is_refused_at_once(port: int, project_key: str) -> None:
    length = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
    for path in ("/api/v1/events", "/api/v1/events/batch", "/admin/login/"):
        with _begin(port, path, f"Authorization: Bearer {project_key}", length=length) as line:
            status, envelope, seconds = _end(line)
        assert (status, envelope["code"], seconds < 1) == (413, "PAYLOAD_TOO_LARGE", True), path


def test_a_body_that_trickles_is_cut_all_the_same(port: int, project_key: str) -> None:
    with _begin(port, "/api/v1/events", f"Authorization: Bearer {project_key}") as line:
        began = time.monotonic()
        line.settimeout(0.3)
        received = b""
        while not received and time.monotonic() - began < DEADLINE + 10:
            line.send(b" ")
            try:
                received = line.recv(65536)
            except TimeoutError:
                continue
    assert received.startswith(b"HTTP/1.1 408 ")
    assert DEADLINE - 1 < time.monotonic() - began < DEADLINE + ALLOWANCE


def test_a_slow_body_that_arrives_in_time_is_taken(port: int, acme: Organisation, project_key: str) -> None:
    body = json.dumps(event("slow")).encode()
    for head in (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"):
        chunked = head.startswith("Transfer")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            lines = ["POST /api/v1/events HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {project_key}", head]
            line.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            for part in (body[:10], body[10:]):
                line.sendall(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                line.settimeout(1)
                with pytest.raises(TimeoutError) if part == body[:10] else ExitStack():
                    if part == body[:10]:
                        line.recv(1)
            line.settimeout(10)
            if chunked:
                line.sendall(b"0\r\n\r\n")
            assert _end(line)[0] == 202, head
    settle()
    assert counted(acme) == ["slow"]


def test_answers_that_stream_arrive_whole(port: int, acme: Organisation, project: Project, admin_key: str) -> None:
    send(project, event("a", 2), event("b", 3, metric_name="other"))
    settle()
    calls = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    path = f"/api/v1/admin/organisations/{acme.pk}/usage?format=csv"
    calls.request("GET", path, headers={"Authorization": f"Bearer {admin_key}"})
    answer = calls.getresponse()
    lines = answer.read().decode().splitlines()
    calls.close()
    assert (answer.status, len(lines), lines[0].split(",")[0]) == (200, 3, "project_id")
    assert factories.client(admin_key).get(path).getvalue().decode().splitlines() == lines


def test_a_request_that_was_given_up_does_not_end_the_watch_over_the_others(settings: Any) -> None:
    """Without the watch no deadline is kept any more, and no request ends."""
    settings.WEB_THREADS = 0
    loop, watched = asyncio.new_event_loop(), Web()
    watched.__rsgi_init__(loop)
    given_up, waiting, later = (loop.create_future() for _ in range(3))
    given_up.cancel()
    watched.answered.extend([given_up, waiting])
    watched._look()
    assert waiting.done()
    watched.answered.append(later)
    loop.run_until_complete(asyncio.wait_for(later, timeout=10))
    loop.close()
