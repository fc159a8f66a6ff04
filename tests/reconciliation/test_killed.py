"""A worker killed by SIGKILL in a check, between two days, or before the end: nothing is doubled or lost."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import date, timedelta

import pytest

from billing_platform.lib import clock
from invoicing.models import Invoice
from organisations.models import Organisation
from reconciliation.models import CheckName, CheckRun, Discrepancy, Run
from reconciliation.services import running
from reconciliation.services.running import do_check, start_run
from tests.events.test_retention import start_script
from tests.payments.language import issued_invoice
from tests.reconciliation.language import run, tamper

PAUSE = """
import django, sys
django.setup()
from itertools import islice
from reconciliation.services import running
def pause(*_args, **_kwargs):
    print("there", flush=True)
    sys.stdin.read()
"""
WHERE = {
    "in a check": """
note = running.note_findings
def note_one(findings, **how):
    if note(islice(findings, 1), **how).found:
        pause()
    return note(findings, **how)
running.note_findings = note_one
""",
    "between days": """
piece, done = running._do_piece, []
def one_piece(*args):
    done.append(piece(*args))
    return pause() if len(done) == 2 else done[-1]
running._do_piece = one_piece
""",
    "before the end": "running._end_run = pause\n",
}


def issued_on(customer: Organisation, day: date) -> Invoice:
    invoice = issued_invoice(customer)
    tamper("UPDATE invoicing_invoice SET issue_date = %s, finalized_at = %s WHERE id = %s", day, day, invoice.pk)
    return invoice


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", WHERE)
def test_a_killed_worker_doubles_nothing_and_loses_nothing(acme: Organisation, where: str) -> None:
    """Three days. What was wrong on the second is mended; two invoices of the first are wrong, and one of the third."""
    last = clock.now().date() - timedelta(days=1)
    first = last - timedelta(days=2)
    mended = issued_on(acme, first + timedelta(days=1))
    tamper("UPDATE invoicing_invoice SET amount_credited = 10")
    run(first, last, CheckName.DOCUMENT_SUMS)
    tamper("UPDATE invoicing_invoice SET amount_credited = 0")
    wrong = [issued_on(acme, day) for day in (first, first, last)]
    for invoice in wrong:
        tamper("UPDATE invoicing_invoice SET amount_credited = 10 WHERE id = %s", invoice.pk)
    started = start_run(first_day=first, last_day=last, checks=[CheckName.DOCUMENT_SUMS])
    check = started.checks.get()
    worker = start_script(PAUSE + WHERE[where] + f"running.do_check(check_id='{check.pk}')")
    _killed_where_it_says(worker)
    check.refresh_from_db()
    assert check.pieces_done == {"in a check": 0, "between days": 2, "before the end": 3}[where]
    CheckRun.objects.filter(pk=check.pk, status="at_work").update(claimed_until=clock.now())
    assert do_check(check_id=check.pk) == (where != "before the end")
    running.end_runs()
    found = {each.facts["document_id"]: (each.state, each.times_opened) for each in Discrepancy.objects.all()}
    assert found == {str(mended.pk): ("gone", 1)} | {str(invoice.pk): ("open", 1) for invoice in wrong}
    check.refresh_from_db()
    assert (check.status, check.pieces_done, check.found) == ("done", 3, 3)
    assert not Run.objects.filter(finished_at__isnull=True).exists()


def _killed_where_it_says(worker: subprocess.Popen[bytes]) -> None:
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"there\n"
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
