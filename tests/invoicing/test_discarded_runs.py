"""The drafts of a billing run are discarded: nothing that is issued is touched, and the months are billed anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from billing_platform.lib.errors import DomainError, InvalidInput
from events.models import UsagePeriod
from invoicing.models import BillingRunItem, Invoice
from invoicing.services import issuing
from invoicing.services.runs import billing_run
from organisations.models import AuditEntry, BillingEntity, Organisation, Project
from tests.invoicing.language import NOVEMBER, at, per_unit, used

pytestmark = pytest.mark.django_db
Status = BillingRunItem.Status
FIRST = "2026-12-01 02:00"


@pytest.fixture(autouse=True)
def _price(acme: Organisation, project: Project) -> None:
    """Acme used 100 calls in November, at ₹1; its seller waits three days before a draft is issued."""
    per_unit("1")
    used(project, 100, on="2026-11-10")
    BillingEntity.objects.filter(pk=acme.billing_entity_id).update(draft_days=3)


def run(moment: str, *, voided_too: bool = True) -> BillingRunItem:
    """Start or continue the month's run, and do what the periodic jobs do then; Acme's item."""
    with at(moment):
        billing_run.start_billing_run(period=NOVEMBER, requested_by="test", voided_too=voided_too)
    return sweep(moment)


def sweep(moment: str) -> BillingRunItem:
    with at(moment):
        billing_run.reopen_due_drafts()
        for item_id in billing_run.take_up_open_items():
            billing_run.process_item(item_id=item_id)
    found: BillingRunItem = BillingRunItem.objects.select_related("invoice").get(organisation__name="Acme")
    return found


def discard(item: BillingRunItem) -> BillingRunItem:
    return billing_run.discard_draft(item_id=item.pk, reason="wrong prices")


def test_what_was_drafted_is_gone_and_no_job_bills_it_by_itself(acme: Organisation) -> None:
    item = run(FIRST)
    assert item.status == Status.DRAFTED
    discard(item)
    assert not Invoice.objects.exists()
    later = sweep("2026-12-09 02:00")  # its days of grace are over
    assert (later.status, later.invoice) == (Status.VOIDED, None)
    assert later.reason == "Its draft was discarded: wrong prices"
    assert run("2026-12-09 03:00", voided_too=False).status == Status.VOIDED, "nor does the schedule"
    assert BillingRunItem.objects.unbilled().get() == later, "and it waits for a person"


def test_the_month_stays_open_and_is_billed_anew_with_what_came_since(acme: Organisation, project: Project) -> None:
    discard(run(FIRST))
    assert not UsagePeriod.objects.filter(organisation=acme, closed_at__isnull=False).exists()
    with at("2026-12-02 02:00"):
        used(project, 1, on="2026-12-02", happened="2026-11-10T10:00:00Z")
    again = run("2026-12-02 03:00")
    assert (again.status, again.invoice and again.invoice.subtotal) == (Status.DRAFTED, 101)
    issued = sweep("2026-12-05 03:00")
    assert (issued.status, issued.invoice and issued.invoice.status) == (Status.DONE, Invoice.Status.FINALIZED), (
        "three days after it was drafted anew"
    )


def test_a_month_that_is_left_unbilled_after_that_is_closed(acme: Organisation) -> None:
    item = discard(run(FIRST))
    with at("2026-12-02 02:00"):
        billing_run.leave_unbilled(item_id=item.pk, reason="a gift")
    assert UsagePeriod.objects.get(organisation=acme, month=NOVEMBER.start).is_closed


def test_what_waits_for_approval_is_discarded_too(acme: Organisation) -> None:
    BillingEntity.objects.filter(pk=acme.billing_entity_id).update(draft_days=0, approve_first=True)
    item = run(FIRST)
    assert item.status == Status.APPROVAL
    discarded = discard(item)
    discarded.refresh_from_db()
    assert (discarded.status, discarded.reasons, discarded.invoice) == (Status.VOIDED, [], None)


def test_what_is_issued_stays(acme: Organisation) -> None:
    item = run(FIRST)
    assert item.invoice is not None
    with pytest.raises(InvalidInput):
        billing_run.discard_draft(item_id=item.pk, reason=" ")
    with at("2026-12-01 03:00"):
        issuing.finalize_invoice(invoice_id=item.invoice.pk)
    with pytest.raises(DomainError, match="there is no draft to discard") as refused:
        discard(item)
    assert refused.value.code == "ITEM_HAS_NO_DRAFT"
    assert Invoice.objects.get().number


def test_what_is_discarded_already_is_not_discarded_twice(acme: Organisation) -> None:
    item = discard(run(FIRST))
    with pytest.raises(DomainError) as refused:
        discard(item)
    assert refused.value.code == "ITEM_HAS_NO_DRAFT"


def test_it_is_in_the_audit_log(acme: Organisation) -> None:
    item = discard(run(FIRST))
    assert AuditEntry.objects.filter(object_pk=str(item.pk), changes__status=["drafted", "voided"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_discarding_and_finalizing_at_once_one_wins(acme: Organisation) -> None:
    item = run(FIRST)
    assert item.invoice is not None
    invoice_id, barrier = item.invoice.pk, Barrier(2)

    def at_once(act: Any) -> str:
        try:
            barrier.wait()
            act()
        except DomainError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with at("2026-12-01 03:00"), ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(at_once, [lambda: discard(item), lambda: issuing.finalize_invoice(invoice_id=invoice_id)])
        )
    left = Invoice.objects.filter(pk=invoice_id).first()
    if answers[0] == "done":
        assert (answers[1], left) == ("NOT_FOUND", None)
    else:
        assert (answers, left and left.status) == (["ITEM_HAS_NO_DRAFT", "done"], Invoice.Status.FINALIZED)
