"""Days of grace and approval in a run: a month waits as a draft, takes in what arrives, and goes out in time."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from billing_platform.lib.periods import BillingPeriod
from events.models import UsagePeriod
from invoicing import tasks
from invoicing.models import BillingRunItem, Invoice, InvoiceApproval
from invoicing.services import drafting, issuing, voiding
from invoicing.services.approving import approve_invoice
from invoicing.services.runs import billing_run
from organisations.models import AuditEntry, BillingEntity, Organisation, Project
from organisations.services import holds
from tests import factories
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, per_unit, used
from tests.invoicing.language import issued as october_issued
from tests.organisations.test_holds import hold

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _price(acme: Organisation, project: Project) -> None:
    """Acme used 100 calls in November, at ₹1: 118.00 with tax."""
    per_unit("1")
    used(project, 100, on="2026-11-10")


def rules(organisation: Organisation, **fields: Any) -> None:
    BillingEntity.objects.filter(pk=organisation.billing_entity_id).update(**fields)


def run(moment: str = "2026-12-01 02:00", period: BillingPeriod = NOVEMBER) -> BillingRunItem:
    """Start or continue the month's run; Acme's item."""
    with at(moment):
        billing_run.start_billing_run(period=period, requested_by="test")
        return sweep(moment)


def sweep(moment: str) -> BillingRunItem:
    """What the periodic jobs do at that moment."""
    with at(moment):
        billing_run.reopen_due_drafts()
        for item_id in billing_run.take_up_open_items():
            billing_run.process_item(item_id=item_id)
    found: BillingRunItem = BillingRunItem.objects.select_related("invoice", "organisation").get(
        organisation__name="Acme"
    )
    return found


def is_open(month: date = date(2026, 11, 1)) -> bool:
    return not UsagePeriod.objects.filter(organisation__name="Acme", month=month, closed_at__isnull=False).exists()


def test_three_days_of_grace_take_in_what_arrives(acme: Organisation, project: Project) -> None:
    """P3D: drafted on 1 December at 02:00, issued on the 4th at 02:00; an event of 30 November that arrives on 2
    December is in."""
    rules(acme, draft_days=3)
    item = run()
    assert (item.status, item.invoice.status, item.invoice.total) == ("drafted", "draft", Decimal("118.00"))
    assert item.reason == "It is a draft until 4 Dec 2026, 02:00 IST; usage that comes until then is in."
    assert is_open()
    used(project, 10, on="2026-12-02", happened="2026-11-30T12:00:00Z")
    item = sweep("2026-12-04 01:59")
    assert item.status == "drafted"
    item = sweep("2026-12-04 02:00")
    assert (item.status, item.reason, item.invoice.issue_date) == ("done", "", date(2026, 12, 4))
    assert (amounts(item.invoice), item.invoice.total) == ([Decimal("110.00")], Decimal("129.80"))
    assert not is_open()
    assert sweep("2026-12-05 02:00").invoice == item.invoice
    assert Invoice.objects.count() == 1


def test_what_arrives_after_an_early_approval_goes_on_the_next_invoice(
    acme: Organisation, project: Project, operator: Any
) -> None:
    rules(acme, draft_days=3)
    item = run()
    with at("2026-12-02 09:00"):
        issued = approve_invoice(invoice_id=item.invoice.pk, approver=operator)
    assert (issued.issue_date, issued.total) == (date(2026, 12, 2), Decimal("118.00"))
    used(project, 10, on="2026-12-02", happened="2026-11-30T12:00:00Z")
    assert sweep("2026-12-04 02:00").status == "done"
    with at("2027-01-01 02:00"):
        december = drafting.create_draft(organisation=acme, period=NOVEMBER.next())
    assert [(line.kind, line.used_in, line.amount) for line in december.lines.all()] == [
        ("late_usage", date(2026, 11, 1), Decimal("10.00"))
    ]


def test_a_month_without_usage_so_far_waits_too(globex: Organisation, acme: Organisation, project: Project) -> None:
    """October: nothing was used, but an event of it may be on its way."""
    rules(acme, draft_days=2)
    item = run("2026-11-01 02:00", OCTOBER)
    assert (item.status, item.invoice, is_open(date(2026, 10, 1))) == ("drafted", None, True)
    used(project, 7, on="2026-11-02", happened="2026-10-31T12:00:00Z")
    item = sweep("2026-11-03 02:00")
    assert (item.status, amounts(item.invoice)) == ("done", [Decimal("7.00")])


def test_nothing_at_all_ends_without_an_invoice_after_the_grace(acme: Organisation) -> None:
    rules(acme, draft_days=2, approve_first=True)
    run("2026-11-01 02:00", OCTOBER)
    item = sweep("2026-11-03 02:00")
    assert (item.status, item.reason, is_open(date(2026, 10, 1))) == ("skipped", "Nothing to bill.", False)


def test_shorter_grace_issues_at_once(acme: Organisation) -> None:
    rules(acme, draft_days=20)
    run()
    acme.draft_days = 1
    acme.save()
    assert sweep("2026-12-02 01:59").status == "drafted"
    assert sweep("2026-12-02 02:00").status == "done"


def test_a_person_may_finalize_within_the_grace(acme: Organisation) -> None:
    rules(acme, draft_days=3)
    item = run()
    with at("2026-12-02 09:00"):
        issuing.finalize_invoice(invoice_id=item.invoice.pk)
    item = sweep("2026-12-04 02:00")
    assert (item.status, Invoice.objects.count()) == ("done", 1)


def test_a_void_month_that_is_billed_again_has_its_days_anew(acme: Organisation) -> None:
    rules(acme, draft_days=3)
    run()
    item = sweep("2026-12-04 02:00")
    with at("2026-12-10 02:00"):
        voiding.void_invoice(invoice_id=item.invoice.pk, reason="wrong price")
        billing_run.retry_item(item_id=item.pk)
    assert sweep("2026-12-10 02:00").status == "drafted"
    assert sweep("2026-12-12 02:00").status == "drafted"
    assert sweep("2026-12-13 02:00").status == "done"


# --- approval -------------------------------------------------------------------------------------------------------


def test_what_demands_approval_waits_after_the_grace_and_needs_attention(acme: Organisation, operator: Any) -> None:
    rules(acme, draft_days=1, approve_first=True, approve_above={"INR": "100"})
    item = run()
    assert [reason["code"] for reason in item.reasons] == ["GRACE", "ABOVE_AMOUNT", "FIRST_INVOICE"]
    assert not Invoice.objects.to_approve().exists()
    item = sweep("2026-12-02 02:00")
    assert (item.status, [reason["code"] for reason in item.reasons]) == ("approval", ["ABOVE_AMOUNT", "FIRST_INVOICE"])
    assert list(Invoice.objects.to_approve()) == [item.invoice]
    assert is_open()
    assert sweep("2026-12-03 02:00").status == "approval"  # nobody asks it again and again
    with at("2026-12-03 09:00"):
        issued = approve_invoice(invoice_id=item.invoice.pk, approver=operator)
    assert (issued.number != "", issued.approval_needed) == (True, [])
    item.refresh_from_db()
    assert (item.status, item.reason, item.reasons) == ("done", "", [])
    record = InvoiceApproval.objects.get()
    assert [reason["code"] for reason in record.reasons] == ["ABOVE_AMOUNT", "FIRST_INVOICE"]
    assert (record.period_start, record.total) == (date(2026, 11, 1), Decimal("118.00"))


def test_usage_that_ends_the_demand_lets_the_month_go(acme: Organisation, project: Project) -> None:
    """The month before was 118.00; 300 calls are 200 % more, and a correction brings them back to 100."""
    rules(acme, approve_change_percent=Decimal(50))
    used(project, 100, on="2026-10-10")
    october_issued(acme)
    used(project, 200, on="2026-11-11")
    item = run()
    assert (item.status, item.reason) == (
        "approval",
        "The total of ₹354.00 is 200% above ₹118.00, the last month invoice; 50% is allowed.",
    )
    acme.approve_change_percent = Decimal(200)
    acme.save()
    with at("2026-12-01 03:00"):
        billing_run.retry_item(item_id=item.pk)
    assert sweep("2026-12-01 03:00").status == "done"


def test_a_discarded_draft_that_needed_approval_is_not_forgotten(acme: Organisation) -> None:
    rules(acme, approve_first=True)
    item = run()
    with at("2026-12-01 03:00"):
        drafting.delete_draft(invoice_id=item.invoice.pk)
    item = sweep("2026-12-01 03:00")
    assert (item.status, item.invoice) == ("parked", None)
    assert item.reason == "Its draft was discarded before it was approved."


# --- holds ----------------------------------------------------------------------------------------------------------


def test_a_customer_that_is_draft_only_is_drafted_and_issued_when_the_hold_ends(acme: Organisation) -> None:
    with at("2026-11-20 10:00"):
        hold(acme, "draft_only", reason="New contract", ends_at=holds.end_of_day(date(2026, 12, 5), acme))
    item = run()
    assert (item.status, item.invoice.total) == ("drafted", Decimal("118.00"))
    assert item.reason == "Draft only until 5 Dec 2026: New contract"
    assert sweep("2026-12-05 23:59").status == "drafted"
    item = sweep("2026-12-06 00:00")
    assert (item.status, item.invoice.issue_date) == ("done", date(2026, 12, 6))


def test_a_lifted_hold_lets_the_month_go_unless_its_grace_runs(acme: Organisation) -> None:
    rules(acme, draft_days=3)
    with at("2026-11-20 10:00"):
        placed = hold(acme, "draft_only")
    assert [reason["code"] for reason in run().reasons] == ["DRAFT_ONLY"]
    with at("2026-12-02 10:00"):
        holds.lift_hold(hold_id=placed.pk, lifted_by="bob")
    assert sweep("2026-12-02 10:01").status == "drafted"
    assert sweep("2026-12-04 02:00").status == "done"


def test_an_approved_draft_of_a_held_customer_goes_out_when_the_hold_ends(acme: Organisation, operator: Any) -> None:
    rules(acme, approve_first=True)
    item = run()
    with at("2026-12-01 10:00"):
        placed = hold(acme, "draft_only")
        assert approve_invoice(invoice_id=item.invoice.pk, approver=operator).is_draft
        holds.lift_hold(hold_id=placed.pk, lifted_by="bob")
    assert sweep("2026-12-01 10:01").status == "done"


def test_the_job_names_are_those_of_the_schedule() -> None:
    assert tasks.issue_due_drafts.name == "invoicing.tasks.issue_due_drafts"


# --- at least once, at once, killed anywhere --------------------------------------------------------------------------


def test_a_job_that_opens_items_notes_each_in_the_audit_log(acme: Organisation) -> None:
    rules(acme, draft_days=3)
    item = run()
    with at("2026-12-04 02:00"):
        billing_run.reopen_due_drafts()
        billing_run.reopen_due_drafts()  # a second one finds nothing to open
    item.refresh_from_db()
    assert (item.status, item.reason, item.attempts) == ("pending", "", 1)
    entries = AuditEntry.objects.filter(object_pk=str(item.pk), changes__status=["drafted", "pending"])
    assert entries.count() == 1


def test_what_blocks_a_draft_is_told_when_its_grace_is_over(acme: Organisation) -> None:
    """Until then somebody may have entered what the seller's address lacks."""
    rules(acme, draft_days=3, address_line1="", city="")
    assert run().status == "drafted"
    item = sweep("2026-12-04 02:00")
    assert (item.status, item.invoice.status) == ("failed", "draft")
    assert "address" in item.reason


def issue_due(_turn: int = 0) -> None:
    """The periodic job and a worker, on a connection of their own."""
    try:
        billing_run.reopen_due_drafts()
        for item_id in billing_run.take_up_open_items():
            billing_run.process_item(item_id=item_id)
    finally:
        connection.close()


def issue_due_until_killed() -> None:
    """The same in a process of its own, which is killed where it waits for a number."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'invoicing_numbersequence'::regclass"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE invoicing_numbersequence IN EXCLUSIVE MODE")
        child = os.fork()
        if not child:
            ours = connections["default"]  # kept, since the parent goes on with it
            try:
                del connections["default"]
                issue_due()
            finally:
                os._exit(ours is None)
        try:
            for _try in range(20_000):
                cursor.execute(waiting)
                if cursor.fetchone() != (0,):
                    return
            raise AssertionError("nobody waits for a number")
        finally:
            os.kill(child, signal.SIGKILL)
            assert os.waitpid(child, 0)[1] == signal.SIGKILL


@pytest.mark.django_db(transaction=True)
def test_due_drafts_are_issued_once_though_a_job_was_killed_and_two_work_at_once(acme: Organisation) -> None:
    used(factories.project(factories.organisation("Initech")), 50, on="2026-11-10")
    rules(acme, draft_days=3)
    run()
    with at("2026-12-04 02:00"):
        issue_due_until_killed()
    assert not Invoice.objects.exclude(number="").exists()
    with at("2026-12-04 02:05"), ThreadPoolExecutor(2) as threads:
        list(threads.map(issue_due, range(2)))
        issue_due()  # what one of them left to the other
    assert sorted(BillingRunItem.objects.values_list("status", flat=True)) == ["done", "done"]
    numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
    assert [number[-6:] for number in numbers] == ["000001", "000002"]
