"""`examples/python/usage_client` against a real web process: each event counts once, whatever goes wrong on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from billing_platform.local.process_table import GIVE_BACK_MEMORY, web
from events.models import EventBatch
from organisations.models import Organisation
from tests.events.language import counted, settle
from tests.events.test_malformed import CHECKOUT, _wait_for
from tests.examples.naughty import between, free_port
from usage_client import Client, Rejected

pytestmark = pytest.mark.django_db(transaction=True)

QUICK: dict[str, Any] = {"batch_size": 10, "batch_seconds": 0.05, "retry_seconds": 0.005}


@pytest.fixture(scope="module")
def platform_port(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[int]:
    number = free_port()
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = os.environ | GIVE_BACK_MEMORY | {"DATABASE_URL": url.geturl(), "LOG_LEVEL": "ERROR"}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"  # static files without collecting them
    log = tmp_path_factory.mktemp("usage-client") / "web.log"
    with log.open("wb") as written:
        command = web(f"http://127.0.0.1:{number}", workers=1)
        server = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=written, stderr=written)
    try:
        _wait_for(number, log)
        yield number
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(params=["memory", "spool", "durable"])
def buffer(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "memory":
        return {}
    return {"spool": tmp_path / "spool", "durable": request.param == "durable"}


@contextmanager
def program(text: str, **facts: Any) -> Iterator[subprocess.Popen[str]]:
    """A program of somebody who uses the client; killed at the end."""
    facts_text = json.dumps(facts, default=str)
    head = (
        f"import json, multiprocessing, os, sys\nfrom usage_client import Client\nfacts = json.loads({facts_text!r})\n"
    )
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "examples" / "python")}
    process = subprocess.Popen([sys.executable, "-c", head + text], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_each_event_counts_once_though_much_goes_wrong(
    platform_port: int, acme: Organisation, project_key: str, buffer: dict[str, Any]
) -> None:
    port = free_port()
    client = Client(f"http://127.0.0.1:{port}", project_key, **QUICK, **buffer)
    ids: list[str] = []

    def report() -> None:
        ids.extend(client.count("api_calls", 1, "call", region="in") for _ in range(20))

    threads = [threading.Thread(target=report) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with between(port, platform_port, "cut", "lost", 503, 429, 401, 413, 500, "lost", 302) as server:
        assert client.close(30)
    settle()
    assert counted(acme) == sorted(ids)
    assert len(set(ids)) == 60
    assert sum(EventBatch.objects.values_list("duplicates", flat=True)) >= 10, "stored, and sent again"
    assert max(map(len, server.requests)) <= 2 * QUICK["batch_size"], "small ones go together"
    with pytest.raises(RuntimeError, match="closed"):
        client.count("api_calls", 1, "call")


def test_what_is_not_valid_is_dropped_by_name_and_nothing_else(
    platform_port: int, acme: Organisation, project_key: str, buffer: dict[str, Any]
) -> None:
    rejected: list[Rejected] = []

    def note(found: Rejected) -> None:
        rejected.append(found)
        raise KeyError("a fault of the caller")

    with Client(f"http://127.0.0.1:{platform_port}", project_key, on_rejected=note, **buffer) as client:
        client.count("api_calls", 1, "", event_id="no unit")
        client.count("api_calls", "2.5", "call", event_id="good")
        client.count("api_calls", "0.123456789", "call", event_id="nine places", region="in")
    with Client(f"http://127.0.0.1:{platform_port}", project_key, on_rejected=note, **buffer) as client:
        client.count("api_calls", 1, "", event_id="alone")
    settle()
    assert counted(acme) == ["good"]
    assert [(found.event["event_id"], found.code) for found in rejected] == [
        ("no unit", "VALIDATION_ERROR"),
        ("nine places", "INVALID_QUANTITY"),
        ("alone", "VALIDATION_ERROR"),
    ]


COUNT_FOR_EVER = """
client = Client(facts["url"], facts["key"], spool=facts["spool"], durable=True, batch_size=10, batch_seconds=0.05)
while True:
    print(client.count("api_calls", 1, "call"), flush=True)
    if facts["wait"]: sys.stdin.read()
"""


def test_kill_9_loses_nothing(platform_port: int, acme: Organisation, project_key: str, tmp_path: Path) -> None:
    """Killed while the platform is down; then killed after the platform stored it, before it could be noted."""
    port, spool = free_port(), tmp_path / "spool"
    facts = {"url": f"http://127.0.0.1:{port}", "key": project_key, "spool": spool}
    with program(COUNT_FOR_EVER, **facts, wait=False) as process:
        returned = [process.stdout.readline().strip() for _ in range(35)]
        process.kill()
        returned += process.stdout.read().split()
    newest = max(spool.iterdir())
    newest.write_bytes(newest.read_bytes() + b'{"event_id":"torn","metric_na')
    with between(port, platform_port, "hang") as server, program(COUNT_FOR_EVER, **facts, wait=False) as process:
        returned += [process.stdout.readline().strip()]
        assert server.stored.wait(30)
        process.kill()
        returned += process.stdout.read().split()
    with Client(f"http://127.0.0.1:{platform_port}", project_key, spool=spool, **QUICK):
        pass
    settle()
    found = counted(acme)
    assert set(returned) <= set(found)
    assert "torn" not in found
    assert len(found) <= len(returned) + 2, "one in each program, whose id was not printed yet"
    assert sum(EventBatch.objects.values_list("duplicates", flat=True)) >= 10
    assert not list(spool.iterdir())


FORKS = """
client = Client(facts["url"], facts["key"], spool=facts["spool"])
def report(name):
    for number in range(3):
        client.count("api_calls", 1, "call", event_id=f"{name}-{number}")
report("parent")
if not os.fork():
    report("fork")
    sys.exit()
os.wait()
child = multiprocessing.get_context("fork").Process(target=report, args=("multiprocessing",))
child.start()
child.join()
report("after")
"""


@pytest.mark.parametrize("is_spooled", [False, True])
def test_forks_go_on_and_everything_is_sent_at_exit(
    platform_port: int, acme: Organisation, project_key: str, tmp_path: Path, is_spooled: bool
) -> None:
    spool = tmp_path / "spool" if is_spooled else None
    port = free_port()
    text = FORKS.replace('facts["spool"]', "facts['spool']" if is_spooled else "None")
    with (
        between(port, platform_port) as server,
        program(text, url=f"http://127.0.0.1:{port}", key=project_key, spool=spool) as process,
    ):
        assert process.wait(60) == 0
    settle()
    names = ["parent", "fork", "multiprocessing", "after"]
    assert counted(acme) == sorted(f"{name}-{number}" for name in names for number in range(3))
    assert sum(map(len, server.requests)) == 12, "a child does not send what its parent counted"


def test_the_readme_can_be_copied(platform_port: int, acme: Organisation, project_key: str, tmp_path: Path) -> None:
    text = (CHECKOUT / "examples" / "python" / "README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    for shown, real in [
        ("https://billing.example.com", f"http://127.0.0.1:{platform_port}"),
        ("mbp_live_…", project_key),
        ("/var/spool/my-service/usage", str(tmp_path / "usage")),
    ]:
        assert shown in code
        code = code.replace(shown, real)
    exec(code, {})
    settle()
    assert len(counted(acme)) == 3
