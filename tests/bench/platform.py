"""The platform under load: its database prepared, its web processes started, its events settled in this process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from billing_platform.local.process_table import GIVE_BACK_MEMORY, granian, web
from tests.bench.sample import DIMENSIONS, METRICS, batches

ROOT = Path(__file__).resolve().parents[2]


class Platform:
    """One organisation with four metrics of two dimensions."""

    def __init__(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from events.models import Metric
        from tests import factories

        self.organisation = factories.organisation(f"Bench {uuid.uuid4().hex[:8]}")
        self.project = factories.project(self.organisation)
        self.key = factories.project_key(self.project)
        for name, unit in METRICS:
            Metric.objects.create(organisation=self.organisation, name=name, unit=unit, dimensions=DIMENSIONS)

    def accept(self, count: int) -> None:
        """Fill the hot log with `count` thousand events."""
        from events.services.accepting import accept_events

        for body in batches(count, uuid.uuid4().hex[:4]):
            accept_events(project=self.project, body=body)

    def settle(self) -> float:
        """Events settled per second by this process until nothing is pending."""
        from events.services.settling.chunks import settle_pending

        started = time.perf_counter()
        report = settle_pending(seconds=3600)
        return (report.counted + report.duplicates) / (time.perf_counter() - started)

    def settle_with(self, workers: int) -> float:
        """The same by processes of their own, started before the clock."""
        code = (
            "import django, sys; django.setup(); from events.services.settling.chunks import settle_pending; "
            "print('ready', flush=True); sys.stdin.readline(); print(settle_pending(seconds=3600).counted, flush=True)"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(workers)
        ]
        for process in processes:
            _line(process)
        started = time.perf_counter()
        for process in processes:
            process.stdin.write("go\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        counted = sum(int(_line(process)) for process in processes)
        elapsed = time.perf_counter() - started
        for process in processes:
            process.wait()
        return counted / elapsed

    def empty(self) -> None:
        """Start from an empty hot log, ledger and aggregates; the ledger's guard steps aside for its owner."""
        from django.db import connection

        from events.services.partitions import LEDGER, list_partitions

        guarded = [LEDGER, *[partition.name for partition in list_partitions() if partition.table == LEDGER]]
        with connection.cursor() as cursor:
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_truncate")
            cursor.execute("TRUNCATE events_eventbatch, events_usageevent, events_usageaggregate")
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only_truncate")

    def fill_ledger(self, rows: int, *, days_later: int = 0) -> None:
        """Earlier usage of this month, straight into the ledger; counted today, or so many days later."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO events_usageevent (organisation_id, project_id, metric_id, event_id, kind, quantity,
                    occurred_at, received_at, received_month, hour, counted_in, counted_on, is_late,
                    dimensions, metadata, batch_id, "position")
                SELECT m.organisation_id, %s, m.id, md5(n::text), 'usage', n %% 100, now(), now(),
                    date_trunc('month', now() AT TIME ZONE 'UTC'), date_trunc('hour', now()),
                    date_trunc('month', now()), (now() AT TIME ZONE 'UTC')::date + %s, false,
                    '{"tier": "paid", "region": "in"}',
                    '{"path": "/v1/items/1", "tier": "paid", "region": "in", "status": 200}', gen_random_uuid(),
                    n %% 1000
                FROM generate_series(1, %s) n,
                    LATERAL (SELECT * FROM events_metric WHERE organisation_id = %s ORDER BY id LIMIT 1) m
                """,
                [self.project.pk, days_later, rows, self.organisation.pk],
            )
            cursor.execute("ANALYZE events_usageevent")

    def pending(self) -> int:
        from events.selectors.backlog import settle_backlog

        return settle_backlog().pending


def serving(application: str, database_url: str, path: str) -> AbstractContextManager[str]:
    """A WSGI application under granian."""
    return _serving(partial(granian, application), database_url, path)


def serving_as_run(database_url: str, path: str) -> AbstractContextManager[str]:
    """Our pages and API, as `make run` serves them."""
    return _serving(web, database_url, path)


@contextmanager
def _serving(command: Callable[[str], list[str]], database_url: str, path: str) -> Iterator[str]:
    """Its log goes to a file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "billing_platform.settings",
        "RATE_LIMIT_PROJECT_KEY": "100000000/m",
        "PYTHONPATH": str(ROOT),
        **GIVE_BACK_MEMORY,
    }
    url = f"http://127.0.0.1:{port}"
    with (ROOT / "var" / "bench.log").open("ab") as log, TemporaryDirectory() as counters:
        environment["PROMETHEUS_MULTIPROC_DIR"] = counters
        server = subprocess.Popen(command(url), cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(url + path)
            yield url + path
        finally:
            server.terminate()
            server.wait(timeout=20)


def load(url: str, key: str, form: str, *, connections: int, seconds: float, rate: float = 0) -> dict[str, float]:
    """What the load client measured. Raises RuntimeError if any request failed."""
    command = [sys.executable, "-m", "tests.bench.client", url, key, form, str(connections), str(seconds), str(rate)]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(answer.stdout)
    if result["failures"]:
        raise RuntimeError(f"{result['failures']} of {result['requests']} requests to {url} failed; see var/bench.log")
    return result


def _wait_for(url: str) -> None:
    """Until anything answers, be it an error: the process is up."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{url} doesn't answer; see var/bench.log")


def _line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip()  # type: ignore[union-attr]
