"""Runs: a finding is one discrepancy however often it is found; it closes when it is gone; a run may be cut off."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.work import claims
from invoicing.models import Invoice
from organisations.models import Organisation
from reconciliation import checks
from reconciliation.checks import CHECKS, Check
from reconciliation.findings import Finding, FindingKind, Tally, Window
from reconciliation.models import CheckName, CheckRun, Discrepancy, Run
from reconciliation.services import recording, running
from reconciliation.services.running import do_check, pieces_of, start_daily_run, start_run
from tests.payments.language import issued_invoice
from tests.reconciliation.language import check_run, run, states, tamper

SUMS = CheckName.DOCUMENT_SUMS
BREAK = "UPDATE invoicing_invoice SET amount_credited = 10 WHERE id = %s"
MEND = "UPDATE invoicing_invoice SET amount_credited = 0 WHERE id = %s"


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    return issued_invoice(acme)


def planted(invoice: Invoice) -> Any:
    tamper(BREAK, invoice.pk)
    return invoice.issue_date


@pytest.mark.django_db
def test_a_fault_is_found_once_and_closes_itself(invoice: Invoice) -> None:
    day = planted(invoice)
    first = run(day, None, SUMS)
    discrepancy = Discrepancy.objects.get()
    assert (discrepancy.kind, discrepancy.state, discrepancy.about) == (
        FindingKind.CREDITED_TOTAL, "open", f"Invoice {invoice.number}",
    )  # fmt: skip
    assert (check_run(first, SUMS).found, check_run(first, SUMS).compared, bool(first.finished_at)) == (1, 1, True)
    run(day - timedelta(days=3), day, SUMS)
    again = Discrepancy.objects.get()
    assert (again.first_seen_at, again.times_opened) == (discrepancy.first_seen_at, 1)
    assert again.last_seen_at > discrepancy.last_seen_at
    tamper(MEND, invoice.pk)
    run(day - timedelta(days=3), day - timedelta(days=1), SUMS)  # days that say nothing about it
    assert states(SUMS) == ["open"]
    run(day, None, SUMS)
    assert states(SUMS) == ["gone"]
    tamper(BREAK, invoice.pk)
    run(day, None, SUMS)
    assert (states(SUMS), Discrepancy.objects.get().times_opened) == (["open"], 2)


@pytest.mark.django_db
def test_a_written_off_one_stays_so_until_it_says_something_else(invoice: Invoice, admin_user: Any) -> None:
    day = planted(invoice)
    run(day, None, SUMS)
    Discrepancy.objects.update(
        state="written_off", reason="known", decided_by=admin_user, decided_at=clock.now()
    )  # fmt: skip
    run(day, None, SUMS)
    assert states(SUMS) == ["written_off"]
    tamper("UPDATE invoicing_invoice SET amount_credited = 11")
    run(day, None, SUMS)
    assert states(SUMS) == ["open"]


@pytest.mark.django_db
def test_what_is_written_off_stays_so_while_others_grow(invoice: Invoice, acme: Organisation, admin_user: Any) -> None:
    """A gap in the numbers, and a balance that does not come out: the next invoice changes neither."""
    gap = issued_invoice(acme)
    issued_invoice(acme)
    tamper("DELETE FROM invoicing_invoice WHERE id = %s", gap.pk)
    day = planted(invoice)
    names = (CheckName.NUMBER_SERIES, CheckName.BALANCES)
    run(day, None, *names)
    Discrepancy.objects.update(state="written_off", reason="known", decided_by=admin_user, decided_at=clock.now())
    issued_invoice(acme)
    run(day, None, *names)
    assert [states(name) for name in names] == [["written_off"], ["written_off"]]


@pytest.mark.django_db
def test_a_fault_that_another_reading_found_while_this_one_looked_is_not_closed(
    invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other reading began earlier and found it later; this one read before it was there."""
    day, earlier, read = invoice.issue_date, clock.now(), []
    assert day is not None

    def find(window: Window, tally: Tally) -> Iterator[Finding]:
        read.append(window)
        yield from CHECKS[SUMS].find(window, tally)
        if len(read) == 1:
            planted(invoice)
            recording.note_findings(CHECKS[SUMS].find(window, tally), check_name=SUMS, reads_from=earlier)

    monkeypatch.setattr(running, "CHECKS", {**CHECKS, SUMS: Check(find, "")})
    run(day, None, SUMS)
    assert (states(SUMS), len(read)) == (["open"], 2)


@pytest.mark.django_db
def test_a_fault_that_another_reading_closed_before_this_one_found_it_is_open(
    invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other reading began later and looked earlier: what it closed is there again when this one looks."""
    day, read = planted(invoice), []
    run(day, None, SUMS)

    def find(window: Window, tally: Tally) -> Iterator[Finding]:
        read.append(window)
        if len(read) == 1:
            recording.close_gone(check_name=SUMS, reads_from=clock.now(), window=window, by_day=True)
        yield from CHECKS[SUMS].find(window, tally)

    monkeypatch.setattr(running, "CHECKS", {**CHECKS, SUMS: Check(find, "")})
    run(day, None, SUMS)
    assert (states(SUMS), len(read)) == (["open"], 2)


@pytest.mark.django_db
def test_a_run_whose_worker_died_before_its_end_is_ended(invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoice.issue_date is not None
    with monkeypatch.context() as patch:
        patch.setattr(running, "_end_run", lambda _run_id: sys.exit())
        with pytest.raises(SystemExit):
            run(invoice.issue_date, None, SUMS)
    assert not claims.due_ids(CheckRun.objects.all())
    running.end_runs()
    assert Run.objects.get().finished_at


@pytest.mark.django_db
def test_what_an_old_reading_found_opens_nothing_that_was_mended_meanwhile(invoice: Invoice) -> None:
    """A slow run read the fault; it was mended, and a quick run closed it; then the slow one writes."""
    day = planted(invoice)
    run(day, None, SUMS)
    began = clock.now()
    old = list(CHECKS[SUMS].find(Window(day, day), Tally()))
    tamper(MEND, invoice.pk)
    run(day, None, SUMS)
    recording.note_findings(old, check_name=SUMS, reads_from=began)
    assert states(SUMS) == ["gone"]


@pytest.mark.django_db
def test_a_run_that_was_cut_off_closes_nothing_and_goes_on(invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies while it reads the second of three days: nothing of it is closed, and the next goes on there."""
    day = planted(invoice)
    run(day, None, SUMS)
    tamper(MEND, invoice.pk)
    read: list[date] = []

    def find(window: Window, tally: Tally) -> Iterator[Finding]:
        read.append(window.first)
        if len(read) == 2:
            raise SystemExit  # as a kill would: nothing is caught
        yield from CHECKS[SUMS].find(window, tally)

    dies = {**CHECKS, CheckName.NUMBER_SERIES: Check(find, "", by_day=True)}
    monkeypatch.setattr(running, "CHECKS", dies)
    started = start_run(first_day=day - timedelta(days=2), last_day=day, checks=[CheckName.NUMBER_SERIES])
    check = started.checks.get()
    with pytest.raises(SystemExit):
        do_check(check_id=check.pk)
    assert not do_check(check_id=check.pk)  # the dead worker's claim still stands
    CheckRun.objects.update(claimed_until=clock.now())
    assert do_check(check_id=check.pk)
    check.refresh_from_db()
    days = [day - timedelta(days=back) for back in (2, 1, 1, 0)]
    assert (read, check.status, check.pieces_done) == (days, "done", 3)


@pytest.mark.django_db
def test_a_check_that_fails_says_why_and_may_be_tried_again(invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(window: Window, tally: Tally) -> Iterator[Finding]:
        raise DomainError("Razorpay is away.")
        yield

    monkeypatch.setattr(running, "CHECKS", {**CHECKS, SUMS: Check(find, "")})
    started = start_run(first_day=invoice.issue_date, last_day=invoice.issue_date, checks=[SUMS])
    check = started.checks.get()
    for _attempt in range(CheckRun.max_attempts or 0):
        do_check(check_id=check.pk)
    check.refresh_from_db()
    started.refresh_from_db()
    assert (check.status, check.last_failure, bool(started.finished_at)) == ("failed", "Razorpay is away.", True)


@pytest.mark.django_db
def test_more_than_can_be_stored_is_counted_and_closes_nothing(
    invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = planted(invoice)
    run(day, None, SUMS)

    def find(window: Window, tally: Tally) -> Iterator[Finding]:
        for number in range(7):
            yield Finding(FindingKind.INVOICE_SUMS, str(number), "Invoice", day, "1", "2")

    monkeypatch.setattr(recording, "AT_ONCE", 2)
    monkeypatch.setattr(recording, "MOST_STORED", 4)
    monkeypatch.setattr(running, "CHECKS", {**CHECKS, SUMS: Check(find, "")})
    check = check_run(run(day, None, SUMS), SUMS)
    assert (check.found, check.is_cut_short) == (7, True)
    assert (Discrepancy.objects.count(), states(SUMS).count("gone")) == (5, 0)


@pytest.mark.django_db(transaction=True)
def test_the_same_window_twice_at_once_doubles_nothing(invoice: Invoice) -> None:
    day = planted(invoice)
    runs = [start_run(first_day=day, last_day=day, checks=[SUMS]) for _number in range(4)]
    ids = [(check.pk) for each in runs for check in each.checks.all()] * 2

    def work(check_id: Any) -> None:
        do_check(check_id=check_id)
        connection.close()

    threads = [threading.Thread(target=work, args=(pk,)) for pk in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Discrepancy.objects.count(), Discrepancy.objects.get().times_opened) == (1, 1)
    assert not Run.objects.filter(finished_at__isnull=True).exists()
    assert not claims.due_ids(CheckRun.objects.all())


@pytest.mark.django_db
def test_the_daily_run_takes_up_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    first = start_daily_run()
    assert first is not None
    assert start_daily_run() is None
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    second = start_daily_run()
    assert second is not None
    assert (second.first_day, second.last_day) == (
        first.last_day + timedelta(days=1),
        first.last_day + timedelta(days=3),
    )
    assert {check.check_name for check in second.checks.all()} == set(checks.CHECKS)
    payouts = pieces_of(check_run(first, CheckName.PAYOUTS))  # Razorpay reports their lines a day or two later
    assert [first.first_day - window.first for window in payouts] == [timedelta(days=back) for back in (3, 2, 1, 0)]
    assert len(pieces_of(check_run(first, CheckName.HOT_LOG))) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first_ago", "last_ago", "field"),
    [(0, -2, "last_day"), (1, 2, "last_day"), (400, 0, "first_day"), (5_000, 4_990, "first_day")],
)
def test_days_that_make_no_sense_are_refused(first_ago: int, last_ago: int, field: str) -> None:
    today = clock.now().date()
    with pytest.raises(InvalidInput) as caught:
        start_run(first_day=today - timedelta(days=first_ago), last_day=today - timedelta(days=last_ago))
    assert list(caught.value.details) == [field]
