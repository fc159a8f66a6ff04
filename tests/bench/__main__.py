"""Measure the platform against references taken in the same run: `python -m tests.bench [--quick]`.

Writes var/bench.json, a flat object of name → number. docs/performance.md explains the names.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

from billing_platform.local.embedded import services
from tests.bench.alerts import judged
from tests.bench.billing import Run, deliver, draw, million
from tests.bench.imports import import_and_accept
from tests.bench.platform import ROOT, Platform, load, serving
from tests.bench.proof import state_and_prove
from tests.bench.reconciliation import EVENT_CHECKS, INVOICE_CHECKS, events_settled, last_of, reconcile
from tests.bench.reconciliation import fill as reconciled
from tests.bench.references import References
from tests.bench.returns import fill, read
from tests.bench.sample import BATCH
from tests.bench.simulating import MONTHS, simulated
from tests.bench.webhooks import ADDRESS, SECRET, check, open_orders, process, stored


@dataclass
class Effort:
    """How long and how often each figure is measured."""

    seconds: float
    rounds: int
    chunks: int
    """Of 10,000 events, for a settle figure."""
    end_to_end_seconds: float
    ledger_rows: int
    customers: int
    """Of the billing run."""
    million: int
    """How many customers send a thousand events each."""
    documents: int
    """Of the GST return."""
    entries: int
    """Of the day that is stated and proven."""
    burst_seconds: float
    """Of webhooks."""
    reconciled: int
    """Thousands of events of the second reading; the first has a fifth of them."""
    watched: int
    """Customers with ten alert rules each."""
    simulated: int
    """Customers of the price simulation, with a year each."""


FULL = Effort(
    seconds=8,
    rounds=3,
    chunks=20,
    end_to_end_seconds=60,
    ledger_rows=10_000_000,
    customers=10_000,
    million=1_000,
    documents=100_000,
    entries=1_000_000,
    burst_seconds=10,
    reconciled=5_000,
    watched=1_000,
    simulated=1_000,
)
QUICK = Effort(
    seconds=4,
    rounds=1,
    chunks=8,
    end_to_end_seconds=12,
    ledger_rows=0,
    customers=1_000,
    million=0,
    documents=10_000,
    entries=100_000,
    burst_seconds=3,
    reconciled=500,
    watched=100,
    simulated=100,
)
END_TO_END_RATE = 40_000  # events a second offered
BURST_RATE = 1_000  # webhooks a second offered


@dataclass
class Results:
    numbers: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, value: float, note: str = "") -> None:
        self.numbers[name] = round(value, 3)
        shown = f"{value:>14,.0f}" if value >= 100 else f"{value:>14.2f}"
        print(f"{name:<32}{shown}  {note}", flush=True)  # noqa: T201


def settling(platform: Platform, references: References, effort: Effort, results: Results) -> None:
    """Ours and the reference take turns, so that a slow minute of the machine is slow for both."""
    ours, theirs = [], []
    for _ in range(max(effort.rounds, 2)):
        platform.empty()
        platform.accept(10 * effort.chunks)
        ours.append(platform.settle())
        theirs.append(references.settle(references.chunks(effort.chunks)))
    results.add("settle_events_per_s", median(ours), "one worker, 4 metrics, 2 dimensions")
    results.add("settle_reference_rows_per_s", median(theirs), "COPY → stage → INSERT ON CONFLICT")
    results.add("settle_vs_reference", median(ours) / median(theirs), "aim 0.7")
    platform.empty()
    platform.accept(20 * effort.chunks)
    one = platform.settle_with(1)
    platform.accept(20 * effort.chunks)
    results.add("settle_two_workers", platform.settle_with(2) / one, "two against one, as processes; aim 1.4")


def growth(platform: Platform, effort: Effort, results: Results) -> None:
    if not effort.ledger_rows:
        return

    def rate(rows: int) -> float:
        runs = []
        platform.empty()
        if rows:
            platform.fill_ledger(rows)
        for _ in range(effort.rounds):
            platform.accept(10 * effort.chunks)
            runs.append(platform.settle())
        return median(runs)

    empty = rate(0)
    full = rate(effort.ledger_rows)
    results.add("settle_growth_10m", full / empty, "into 10 million rows against none; aim 0.8")


def accepting(platform: Platform, references: References, database_url: str, effort: Effort, results: Results) -> None:
    def rates(url: str, form: str, connections: int) -> float:
        load(url, platform.key, form, connections=connections, seconds=1)  # warm up
        runs = [
            load(url, platform.key, form, connections=connections, seconds=effort.seconds) for _ in range(effort.rounds)
        ]
        return median(run["per_second"] for run in runs)

    bare = median(references.copy(references.chunks(effort.chunks)) for _ in range(max(effort.rounds, 2)))
    keyed = references.copy(references.chunks(effort.chunks), "bench_keyed")
    with serving("billing_platform.wsgi:application", database_url, "/api/v1/events/batch") as url:
        batched = BATCH * rates(url, "batch", 2)
    with serving("billing_platform.wsgi:application", database_url, "/api/v1/events") as url:
        single = rates(url, "single", 8)
        half = load(url, platform.key, "single", connections=8, seconds=effort.seconds, rate=single / 2)
    references.connection.execute(_plain_table())
    with serving("tests.bench.plain:application", database_url, "/batch") as url:
        plain_batched = BATCH * rates(url, "array", 2)
    with serving("tests.bench.plain:application", database_url, "/events") as url:
        plain_single = rates(url, "single", 8)
    results.add("copy_rows_per_s", bare, "raw COPY, no index")
    results.add("copy_keyed_rows_per_s", keyed, "raw COPY, unique index")
    results.add("accept_batch_events_per_s", batched, "batches of 1,000 over HTTP, 2 connections")
    results.add("accept_single_per_s", single, "one event a request, 8 connections")
    results.add("drf_batch_events_per_s", plain_batched, "plain DRF, bulk_create, under granian as well")
    results.add("drf_single_per_s", plain_single, "plain DRF, ModelSerializer")
    results.add("accept_batch_vs_copy", batched / bare, "aim 0.5")
    results.add("accept_batch_vs_drf", batched / plain_batched, "aim 8")
    results.add("accept_single_vs_drf", single / plain_single, "aim 3")
    results.add("accept_single_p99_ms", half["p99_ms"], "at half load; aim 25")


def imports(platform: Platform, effort: Effort, results: Results) -> None:
    runs = [import_and_accept(platform, 10 * effort.chunks) for _ in range(effort.rounds)]
    platform.empty()
    results.add("import_rows_per_s", median(rows for rows, _events in runs), "of a file, stored and accepted")
    results.add("import_vs_accept", median(rows / events for rows, events in runs), "same process; aim 0.4")


def _plain_table() -> str:
    """From the file's text: importing it would configure Django a second time."""
    source = (ROOT / "tests" / "bench" / "plain.py").read_text(encoding="utf-8")
    return source.split('TABLE = """')[1].split('"""')[0]


def end_to_end(platform: Platform, database_url: str, effort: Effort, results: Results) -> None:
    """Accept and settle at the same time, at a steady rate offered; what counts is what was settled."""
    platform.empty()
    stop = threading.Event()
    settled, backlog = [0], [0]

    def settle() -> None:
        from django.db import connection

        from events.services.settling.chunks import settle_pending

        while not stop.is_set():
            report = settle_pending(seconds=1)
            settled[0] += report.counted
            backlog[0] = max(backlog[0], platform.pending())
            if not report.batches:
                stop.wait(0.02)
        connection.close()

    worker = threading.Thread(target=settle)
    worker.start()
    with serving("billing_platform.wsgi:application", database_url, "/api/v1/events/batch") as url:
        sent = load(
            url,
            platform.key,
            "batch",
            connections=2,
            seconds=effort.end_to_end_seconds,
            rate=END_TO_END_RATE / BATCH,
        )
    counted = settled[0]
    stop.set()
    worker.join()
    results.add("end_to_end_events_per_s", counted / effort.end_to_end_seconds, "settled while accepting; aim 30,000")
    results.add("end_to_end_accepted_per_s", BATCH * sent["per_second"], f"{END_TO_END_RATE:,} offered")
    results.add("end_to_end_backlog_batches", backlog[0], "the most that was waiting")


def billing(effort: Effort, results: Results) -> None:
    """Half of the customers are billed by one worker, the other half by two."""
    run = Run(effort.customers)
    run.use()
    items = run.start()
    half = len(items) // 2
    one, processor_ms = run.bill(items[:half], workers=1)
    two, _processor_ms = run.bill(items[half:], workers=2)
    run.check()
    begun = time.perf_counter()
    if left := run.start():
        raise RuntimeError(f"{len(left)} items are left after the run.")
    again = time.perf_counter() - begun
    results.add("invoices_per_s", one, f"one worker, {effort.customers:,} customers with 4 metrics; aim 150")
    results.add("invoice_processor_ms", processor_ms, "worker and its PostgreSQL backend together")
    results.add("billing_two_workers", two / one, "two against one, as processes; aim 1.6")
    results.add("billing_rerun_fraction", again / (half / one + (len(items) - half) / two), "nothing left; aim 0.05")
    results.add("delivery_ms", 1000 * deliver(100), "PDF and e-mail of an invoice, one worker")


def simulation(effort: Effort, results: Results) -> None:
    few, many = simulated(effort.simulated)
    results.add("simulated_months_per_s", many.customers * MONTHS / many.seconds, "customers' months, priced twice")
    results.add("simulation_peak_mb", many.peak_mb, f"{few.peak_mb} MB with a tenth of the customers")


def documents(effort: Effort, results: Results) -> None:
    one, two = (median(draw(workers) for _ in range(max(effort.rounds, 2))) for workers in (1, 2))
    results.add("pdfs_per_s", one, "one page with codes for UPI and pay page, one process; aim 60")
    results.add("pdfs_two_processes", two / one, "two against one; aim 1.6")


def returns(effort: Effort, results: Results) -> None:
    """A tenth of the documents in one month, all of them in the next: memory must not follow."""
    few, many = date(2026, 4, 1), date(2026, 5, 1)
    fill(few, 30, effort.documents // 10, after=0)
    fill(many, 31, effort.documents, after=effort.documents)
    _documents, _seconds, base, _size = read(few)
    documents, seconds, figures, _size = read(many)
    name = f"gstr1_{documents // 1000}k"
    results.add(f"{name}_s", seconds, "figures and findings of the page")
    results.add(f"{name}_peak_mb", figures, f"the most memory; {base:,.0f} MB with a tenth of the documents")
    for each in ("json", "csv", "xlsx"):
        _documents, seconds, peak, size = read(many, each)
        results.add(f"{name}_{each}_s", seconds, f"with the file, {size / 1e6:,.1f} MB")
        results.add(f"{name}_{each}_peak_mb", peak)


def proof(platform: Platform, effort: Effort, results: Results) -> None:
    """A tenth of the entries on one day, all of them on the next: memory must not follow."""
    found = []
    for later, rows in enumerate((effort.entries // 10, effort.entries)):
        platform.empty()
        platform.fill_ledger(rows, days_later=later)
        found.append(state_and_prove(later))
    few, many = found
    results.add("proof_stated_per_s", many.entries / many.stated_s, "ledger entries, hashed, stored and signed")
    results.add("proof_events_per_s", many.entries / many.proven_s, "read again and compared with what was signed")
    results.add("proof_peak_mb", many.peak_mb, f"the most memory; {few.peak_mb:,.0f} MB with a tenth of the entries")
    platform.empty()


def reconciliation(platform: Platform, effort: Effort, results: Results) -> None:
    """A fifth of the events first, then all of them: memory must not follow. Then invoices, of one month."""
    platform.empty()
    today = datetime.now(UTC).date()
    events_settled(platform, effort.reconciled // 5)
    base, _few = reconcile(today, today, EVENT_CHECKS, ahead=1)
    events_settled(platform, effort.reconciled * 4 // 5)
    peak, said = reconcile(today, today, EVENT_CHECKS, ahead=1)
    if said["hot_log"][0] != effort.reconciled * BATCH:
        raise RuntimeError(
            f"{said['hot_log'][0]:,} events were compared: midnight came in between, or some are missing."
        )
    results.add("reconcile_events", said["hot_log"][0], "received on one day")
    for name, (_count, seconds) in said.items():
        results.add(f"reconcile_{name}_s", seconds, "of these events")
    results.add("reconcile_events_peak_mb", peak, f"the most memory; {base:,.0f} MB with a fifth of the events")
    results.add("reconcile_memory_growth", peak / base, "five times as many events; aim 1.1")
    month, days = date(2026, 5, 1), 31
    reconciled(month, days, effort.documents)
    peak, said = reconcile(month, last_of(month, days), INVOICE_CHECKS)
    name = f"reconcile_{effort.documents // 1000}k_invoices"
    for check_name, (_count, seconds) in said.items():
        results.add(f"{name}_{check_name}_s", seconds)
    results.add(
        f"{name}_s", sum(seconds for _count, seconds in said.values()), "of a month, day by day, half of them paid"
    )
    results.add(f"{name}_peak_mb", peak)


def webhooks(references: References, database_url: str, effort: Effort, results: Results) -> None:
    """A burst is offered at 1,000 a second, and all of it processed afterwards; then as many as can be received."""

    def received(url: str, rate: float = 0) -> dict[str, float]:
        warm, run = (
            load(url, SECRET, "webhook", connections=8, seconds=seconds, rate=rate)
            for seconds in (1, effort.burst_seconds)
        )
        return run | {"distinct": warm["distinct"] + run["distinct"]}

    open_orders()
    before = stored()
    references.connection.execute(_plain_table())
    with serving("billing_platform.wsgi:application", database_url, ADDRESS) as url:
        burst = received(url, BURST_RATE)
        one = process(1)
        most = received(url)
    with serving("tests.bench.plain:application", database_url, "/webhooks") as url:
        plain = received(url)["per_second"]
    two = process(2)
    check(before + int(burst["distinct"] + most["distinct"]))
    results.add("webhooks_per_s", most["per_second"], "signed, stored and answered, 8 connections; aim 300")
    results.add("drf_webhooks_per_s", plain, "plain DRF: signature checked, one row")
    results.add("webhooks_vs_drf", most["per_second"] / plain, "aim 1")
    results.add("webhook_burst_per_s", burst["per_second"], f"{BURST_RATE:,} a second offered; all stored")
    results.add("webhook_p99_ms", burst["p99_ms"], "in the burst; aim 50")
    results.add("webhooks_processed_per_s", one, "one worker; each once, all money right")
    results.add("webhook_two_workers", two / one, "two against one, as processes")


def alerts(effort: Effort, results: Results) -> None:
    seconds, rules, queries = judged(effort.watched)
    note = f"{rules:,} rules of {effort.watched:,} customers, a tenth about cost; one worker"
    results.add("alert_rules_per_s", rules / seconds, note)
    results.add("alert_queries_per_1000_rules", 1_000 * queries / rules)


def million_events(database_url: str, effort: Effort, results: Results) -> None:
    if not effort.million:
        return
    seconds = million(Run(effort.million), database_url)
    for stage in ("accept", "settle", "bill"):
        results.add(f"million_events_{stage}_s", seconds[stage], "of the next figure")
    results.add("million_events_to_invoices_s", seconds["all"], "accepted, settled, priced, invoiced; aim 45")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in under two minutes, without the 10 million rows")
    parser.add_argument(
        "--only",
        choices=[
            "settle",
            "growth",
            "accept",
            "imports",
            "end-to-end",
            "billing",
            "documents",
            "returns",
            "proof",
            "reconciliation",
            "webhooks",
            "alerts",
            "simulation",
            "million",
        ],
        help="just one part",
    )
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    results = Results()
    with services(ROOT / "var" / "bench", durable=True) as running:
        os.environ |= {
            "DATABASE_URL": running.database_url,
            "REDIS_URL": running.redis_url,
            "DJANGO_SETTINGS_MODULE": "billing_platform.settings",
            "LOG_LEVEL": "INFO",
            "RAZORPAY_WEBHOOK_SECRET": SECRET,
            "PROOF_SIGNING_KEY": base64.b64encode(os.urandom(32)).decode(),
        }
        platform, references = Platform(), References(running.database_url)
        parts: dict[str, Callable[[], Any]] = {
            "settle": lambda: settling(platform, references, effort, results),
            "growth": lambda: growth(platform, effort, results),
            "accept": lambda: accepting(platform, references, running.database_url, effort, results),
            "imports": lambda: imports(platform, effort, results),
            "end-to-end": lambda: end_to_end(platform, running.database_url, effort, results),
            "billing": lambda: billing(effort, results),
            "documents": lambda: documents(effort, results),
            "returns": lambda: returns(effort, results),
            "proof": lambda: proof(platform, effort, results),
            "reconciliation": lambda: reconciliation(platform, effort, results),
            "webhooks": lambda: webhooks(references, running.database_url, effort, results),
            "alerts": lambda: alerts(effort, results),
            "simulation": lambda: simulation(effort, results),
            "million": lambda: million_events(running.database_url, effort, results),
        }
        for name, run in parts.items():
            if options.only in (None, name):
                run()
    (ROOT / "var" / "bench.json").write_text(json.dumps(results.numbers, indent=2) + "\n", encoding="utf-8")
    print("written to var/bench.json")  # noqa: T201


if __name__ == "__main__":
    main()
