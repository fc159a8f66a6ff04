"""A billing run makes one invoice each, also when workers die, run at once, wait or meet what nobody foresaw."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from events.models import UsagePeriod
from invoicing.models import BillingRun, BillingRunItem, Invoice, PricingRule
from invoicing.services.drafting import Draft
from invoicing.services.runs import billing_chunks, billing_run
from invoicing.services.runs.billing_run import process_items, start_billing_run
from organisations.models import Organisation
from tests.invoicing.language import OCTOBER, after_october, at, per_unit
from tests.invoicing.test_billing_run import customer, run_october

pytestmark = pytest.mark.django_db


ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_chunk_in_which_something_unforeseen_happens_is_done_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses one of three: nothing of the chunk is stored, and then the other two."""
    per_unit("1")
    for name in ("Before", "Broken", "Later"):
        customer(name, 1)
    store, sizes = billing_chunks.store, []

    def store_and_refuse(drafts: Sequence[Draft]) -> None:
        sizes.append(len(drafts))
        store(drafts)
        for invoice in (each.invoice for each in drafts if each.invoice.organisation.name == "Broken"):
            Invoice.objects.filter(pk=invoice.pk).update(total=0)  # does not add up any more

    monkeypatch.setattr(billing_chunks, "store", store_and_refuse)
    items = run_october()
    assert {name: item.status for name, item in items.items()} == {
        "Before": "done",
        "Broken": "failed",
        "Later": "done",
    }
    assert "invoice_adds_up" in items["Broken"].reason
    assert sizes == [3, 1, 1, 1]
    assert sorted(Invoice.objects.values_list("number", flat=True)) == ["INV/26-27/000001", "INV/26-27/000002"]


def test_a_month_that_is_being_settled_is_waited_for_alone(acme: Organisation) -> None:
    """Whoever waits for one row with a hundred others in hand may wait for who waits for him."""
    per_unit("1")
    customer("Umbrella", 10)
    asked: list[tuple[int, bool]] = []
    lock = billing_chunks.lock_periods

    def held_by_another(organisations: Collection[Organisation], month: date, *, wait: bool) -> dict[UUID, UsagePeriod]:
        asked.append((len(organisations), wait))
        found = lock(organisations, month, wait=wait)
        return found if wait else {pk: row for pk, row in found.items() if pk != acme.pk}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(billing_chunks, "lock_periods", held_by_another)
        items = run_october()
    assert {name: item.status for name, item in items.items()} == {"Acme": "skipped", "Umbrella": "done"}
    assert asked == [(2, False), (1, True)]


def test_a_fault_of_ours_fails_one_item_and_names_itself() -> None:
    rule = per_unit("1")
    customer("Umbrella", 1)
    PricingRule.objects.filter(pk=rule.pk).update(parameters={"unit_price": None})
    item = run_october()["Umbrella"]
    assert item.status == "failed"
    assert "unit_price" in item.reason


@pytest.mark.parametrize(("sqlstate", "status"), [("40P01", "pending"), ("54000", "failed")])
def test_a_deadlock_is_retried_and_an_error_that_would_come_again_is_not(
    sqlstate: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    per_unit("1")
    customer("Umbrella", 1)

    def refused(**_arguments: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'; END $$")

    monkeypatch.setattr(billing_chunks, "lock_prices", refused)
    item = run_october()["Umbrella"]
    assert item.status == status
    assert "refused" in item.reason


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_make_one_invoice_each() -> None:
    per_unit("1")
    for number in range(6):
        customer(f"Customer {number}", 10 + number)
    with after_october():
        with ThreadPoolExecutor(2) as threads:
            runs = list(threads.map(lambda _: start(), range(2)))
        items = list(BillingRunItem.objects.values_list("pk", flat=True))
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(work, [items, items[::-1], items[:3], items[3:]]))
    with at("2026-11-01 10:01"):
        process_items(item_ids=billing_run.take_up_open_items())
    assert runs[0] == runs[1]
    assert Counter(BillingRunItem.objects.values_list("status", flat=True)) == {"done": 6}
    assert sorted(Invoice.objects.values_list("sequence_number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert Invoice.objects.values("organisation").distinct().count() == 6


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_loses_nothing_and_counts_nothing_twice() -> None:
    """A real process, a real SIGKILL, between taking the number and the commit."""
    per_unit("1")
    for number in range(3):
        customer(f"Customer {number}", 10)
    with after_october():
        run = start_billing_run(period=OCTOBER, requested_by="test")
        kill_while_finalizing(list(run.items.values_list("pk", flat=True)))
        assert Counter(run.items.values_list("status", flat=True)) == {"claimed": 3}
        assert not Invoice.objects.exists()
    with at("2026-11-01 10:01"):
        process_items(item_ids=billing_run.take_up_open_items())
    assert Counter(BillingRunItem.objects.values_list("status", flat=True)) == {"done": 3}
    # 10.00 + 0.90 + 0.90 each; numbers 1 to 3
    assert sorted(Invoice.objects.values_list("sequence_number", "total")) == [
        (number, Decimal("11.80")) for number in (1, 2, 3)
    ]


_VICTIM = """
import sys, time, django
django.setup()
import time_machine
from datetime import datetime
from uuid import UUID
from django.db import connection
from invoicing.services.runs import billing_chunks
from invoicing.services.runs import billing_run

end = billing_chunks._end
def end_slowly(months):
    end(months)
    print(*(month.ready.invoice.number for month in months), flush=True)
    time.sleep(600)
billing_chunks._end = end_slowly
connection.settings_dict["NAME"] = sys.argv[1]
with time_machine.travel(datetime.fromisoformat("2026-11-01T10:00:00+05:30"), tick=False):
    billing_run.process_items(item_ids=[UUID(item_id) for item_id in sys.argv[2:]])
"""


def kill_while_finalizing(item_ids: list[UUID]) -> None:
    """Bill the items in a process that stops just before its commit, and kill it there."""
    database = connection.settings_dict["NAME"]
    process = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, database, *map(str, item_ids)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.split() == [f"INV/26-27/{number:06d}" for number in range(1, len(item_ids) + 1)]
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    wait_until_gone(database)


def wait_until_gone(database: str) -> None:
    """PostgreSQL notices a dead client when it next looks at the socket: within a moment."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [database]
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.1)
    raise AssertionError("the killed worker's connection is still there")


def start() -> BillingRun:
    try:
        return start_billing_run(period=OCTOBER, requested_by="test")
    finally:
        connection.close()


def work(item_ids: Sequence[UUID]) -> None:
    try:
        process_items(item_ids=item_ids)
    finally:
        connection.close()
