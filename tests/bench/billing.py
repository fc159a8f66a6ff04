"""A monthly run over customers with usage in place, and a million events from the door to the invoices."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from tests.bench.customers import customers_with_prices, use
from tests.bench.platform import ROOT, serving
from tests.bench.sample import MARK, batch_template

COPIED = "R/26-27/"
"""The series of invoices that nobody billed: reconciliation's are copies."""

_BILL = """
import django, os, sys, time
django.setup()
from pathlib import Path
from uuid import UUID
from django.db import connection
from invoicing.services.runs.billing_run import CHUNK, process_items
print("ready", flush=True)
ids = [UUID(pk) for pk in sys.stdin.readline().split()]
before = time.process_time()
for start in range(0, len(ids), CHUNK):
    process_items(item_ids=ids[start:start + CHUNK])
server = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
ticks = [int(word) for word in server.read_text().rpartition(")")[2].split()[11:13]] if server.exists() else [0]
print("done", time.process_time() - before, sum(ticks) / os.sysconf("SC_CLK_TCK"), flush=True)
"""

_SETTLE = """
import django, sys, threading, time
django.setup()
from events.services.settling.chunks import settle_pending
print("ready", flush=True)
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
while True:
    last = over.is_set()
    report = settle_pending(seconds=3600)
    if last and not report.batches:
        break
    if not report.batches:
        time.sleep(0.02)
print("done", flush=True)
"""


_DRAW = """
import django, sys, time
django.setup()
from invoicing.documents import render_pdf
from tests.bench.documents import one_page
render_pdf(one_page(0))
print("ready", flush=True)
first, count = map(int, sys.stdin.readline().split())
for number in range(first, first + count):
    render_pdf(one_page(number))
print("done", flush=True)
"""


def draw(workers: int, count: int = 400) -> float:
    """PDFs of one page that so many processes draw in a second, each another document."""
    with processes([_DRAW] * workers) as started:
        begun = time.perf_counter()
        for number, process in enumerate(started):
            tell(process, f"{1 + number * count} {count}")
        for process in started:
            hear(process, "done")
        return workers * count / (time.perf_counter() - begun)


class Run:
    """A month's run of new customers; workers are processes of their own, ready before the clock starts."""

    def __init__(self, customers: int) -> None:
        from billing_platform.lib import clock
        from billing_platform.lib.periods import BillingPeriod

        self.period = BillingPeriod.of(clock.now().date()).previous()
        self.customers = customers_with_prices(customers)

    def use(self) -> None:
        use(self.customers, self.period)

    def start(self) -> list[str]:
        """The items to be billed."""
        from invoicing.services.runs.billing_run import start_billing_run, waiting_items

        run = start_billing_run(period=self.period, requested_by="bench")
        return [str(pk) for pk in waiting_items(run_id=run.pk)]

    def bill(self, items: Sequence[str], workers: int) -> tuple[float, float]:
        """Invoices a second, and the milliseconds of processor for each: the worker's, and its PostgreSQL backend's."""
        with processes([_BILL] * workers) as started:
            begun = time.perf_counter()
            seconds_of_processor = _bill(started, items)
            elapsed = time.perf_counter() - begun
        return len(items) / elapsed, 1000 * seconds_of_processor / len(items)

    def check(self) -> None:
        """Raises RuntimeError unless each customer has one invoice, and no number is missing."""
        from django.db.models import Count, F, Max

        from invoicing.models import Invoice

        by_series = Invoice.objects.exclude(number="").exclude(series=COPIED).order_by().values("series")
        if by_series.annotate(count=Count("pk"), last=Max("sequence_number")).exclude(count=F("last")).exists():
            raise RuntimeError("The numbers of the invoices have a gap.")
        ids = [organisation_id for organisation_id, _project_id in self.customers]
        billed = Invoice.objects.issued().filter(organisation__in=ids, period_start=self.period.start).count()
        if billed != len(ids):
            raise RuntimeError(f"{billed} of {len(ids)} customers have their invoice.")


def deliver(most: int) -> float:
    """Seconds that one worker needs for the PDF of an invoice and for handing its e-mail to the outbox."""
    from invoicing.services.delivery import deliver, due_deliveries

    ids = due_deliveries()[:most]
    begun = time.perf_counter()
    for invoice_id in ids:
        deliver(invoice_id=invoice_id)
    return (time.perf_counter() - begun) / len(ids)


def million(run: Run, database_url: str) -> dict[str, float]:
    """Seconds until a thousand events of each customer are accepted over HTTP, counted and invoiced, by stage."""
    from organisations.models import Project
    from tests.factories import project_key

    projects = Project.objects.in_bulk([project_id for _organisation_id, project_id in run.customers])
    requests = [(project_key(project), _body(run.period.start)) for project in projects.values()]
    with (
        serving("billing_platform.wsgi:application", database_url, "/api/v1/events/batch") as url,
        processes([_SETTLE, _BILL, _BILL]) as (settler, *billers),
    ):
        begun = time.perf_counter()
        _send(url, requests, connections=2)
        accepted = time.perf_counter()
        tell(settler, "that is all")
        hear(settler, "done")
        settled = time.perf_counter()
        _bill(billers, run.start())
        done = time.perf_counter()
    run.check()
    return {"accept": accepted - begun, "settle": settled - accepted, "bill": done - settled, "all": done - begun}


def _bill(workers: Sequence[subprocess.Popen[str]], items: Sequence[str]) -> float:
    """Seconds of processor."""
    for number, process in enumerate(workers):
        tell(process, " ".join(items[number :: len(workers)]))
    return sum(float(seconds) for process in workers for seconds in hear(process, "done"))


def _body(month: date) -> bytes:
    """A thousand events of one day of the month."""
    content = json.loads(batch_template().replace(MARK, uuid.uuid4().hex[:12].encode()))
    first = datetime(month.year, month.month, random.randint(2, 27), tzinfo=UTC)
    for event in content["events"]:
        event["timestamp"] = (first + timedelta(seconds=random.randrange(80_000))).isoformat()
    return json.dumps(content).encode()


def _send(url: str, requests: Sequence[tuple[str, bytes]], *, connections: int) -> None:
    failures: list[str] = []

    def send(mine: Sequence[tuple[str, bytes]]) -> None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
        for key, body in mine:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request("POST", parts.path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 202:
                failures.append(f"{answer.status}: {text[:200]!r}")

    threads = [threading.Thread(target=send, args=(requests[number::connections],)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{len(failures)} requests failed, such as {failures[0]}")


@contextmanager
def processes(codes: Sequence[str]) -> Iterator[list[subprocess.Popen[str]]]:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for code in codes
    ]
    try:
        for process in started:
            hear(process, "ready")
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def tell(process: subprocess.Popen[str], line: str) -> None:
    process.stdin.write(f"{line}\n")  # type: ignore[union-attr]
    process.stdin.flush()  # type: ignore[union-attr]


def hear(process: subprocess.Popen[str], word: str) -> list[str]:
    """What the process says after the word. Raises RuntimeError if it says anything else, or dies."""
    line = process.stdout.readline()  # type: ignore[union-attr]
    said, *rest = line.split() or [""]
    if said != word:
        raise RuntimeError(f"A worker said {line!r} instead of {word!r}.")
    return rest
