"""IRNs fetched from the portal's stand-in, over HTTP: whatever fails, and whenever, there is one IRN and no other."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from invoicing import tasks
from invoicing.models import EInvoice
from invoicing.services import voiding
from invoicing.services.e_invoices import recording, registering
from organisations.models import BillingEntity, Organisation
from organisations.services.sellers import update_seller
from tests.invoicing.e_invoices.language import again, issued_on, registered
from tests.invoicing.language import at
from tests.local.irp.harness import PortalProcess
from tests.local.irp.key import PUBLIC_KEY
from tests.local.irp.portal import CLIENT_SECRET, PASSWORD

pytestmark = pytest.mark.django_db
Status = EInvoice.Status


@pytest.fixture
def waiting(portal: PortalProcess, customer: Organisation) -> EInvoice:
    return EInvoice.objects.get(invoice=issued_on("2026-10-05 10:00", customer))


def try_it(found: EInvoice, moment: str = "2026-10-05 12:00") -> EInvoice:
    with at(moment):
        EInvoice.objects.filter(pk=found.pk, next_attempt_at__isnull=False).update(
            next_attempt_at=clock.now() - timedelta(seconds=1), claimed_until=None
        )
        tasks.register_e_invoice(str(found.pk))
    return again(found)


def test_the_job_fetches_the_irn(waiting: EInvoice, portal: PortalProcess, settings: Any) -> None:
    settings.IRP_PUBLIC_KEY = PUBLIC_KEY
    assert waiting.pk in registering.due_registrations()
    found = try_it(waiting)
    assert (found.status, found.source, found.signature_checked) == (Status.GENERATED, "client", True)
    assert portal.irns == [found.irn]
    sent = portal.control()["payloads"][found.number]
    assert sent["ValDtls"] == {"AssVal": 1000.0, "CgstVal": 90.0, "SgstVal": 90.0, "TotInvVal": 1180.0}
    try_it(found)
    assert portal.asked("POST /invoice") == 1
    assert found.pk not in registering.due_registrations()


@pytest.mark.parametrize("fault", ["hang_after", "drop_after", "nonsense_after", "too_long", "500"])
def test_an_answer_that_never_came_is_asked_for_again_and_there_is_one_irn(
    waiting: EInvoice, portal: PortalProcess, fault: str
) -> None:
    portal.control(fault=fault)
    found = try_it(waiting)
    assert (found.status, found.is_unclear) == (Status.PENDING, True)
    assert found.next_attempt_at is not None
    found = try_it(found)
    assert (found.status, found.is_unclear) == (Status.GENERATED, False)
    assert portal.irns == [found.irn]


def test_an_irn_older_than_two_days_is_found_by_its_document(waiting: EInvoice, portal: PortalProcess) -> None:
    portal.control(fault="drop_after")
    try_it(waiting)
    client = registering.connect(waiting.seller_gstin)
    by_document = client.find_document(doc_type="INV", number=waiting.number, day="05/10/2026")
    assert [by_document.irn] == portal.irns


def test_a_worker_that_dies_leaves_a_row_that_says_so(waiting: EInvoice, portal: PortalProcess) -> None:
    """Killed between the portal's answer and ours to the database: as if the record had never been called."""
    with at("2026-10-05 11:30"):
        registering._fetch(again(waiting))
    assert again(waiting).is_unclear
    with at("2026-10-05 11:31"), pytest.raises(DomainError, match="may have one"):
        voiding.void_invoice(invoice_id=waiting.invoice_id, reason="A mistake")
    found = try_it(waiting)
    assert portal.irns == [found.irn]


@pytest.mark.parametrize("fault", ["429", "error:3028", "error:5001"])
def test_a_portal_out_of_order_is_asked_later(waiting: EInvoice, portal: PortalProcess, fault: str) -> None:
    portal.control(fault=fault)
    found = try_it(waiting)
    assert (found.status, found.is_unclear, portal.irns) == (Status.PENDING, False, [])
    assert found.next_attempt_at is not None
    assert try_it(found).status == Status.GENERATED


def test_what_the_portal_refuses_waits_for_a_person(waiting: EInvoice, portal: PortalProcess) -> None:
    portal.control(fault="error:2176")
    found = try_it(waiting)
    assert (found.status, found.next_attempt_at) == (Status.PENDING, None)
    assert "2176" in found.last_failure
    assert list(EInvoice.objects.failed()) == [found]
    with at("2026-10-05 12:05"):
        registering.try_now(e_invoice_id=found.pk)
    assert try_it(found).status == Status.GENERATED


def test_an_irn_of_another_portal_keeps_the_invoice_and_is_recorded_by_hand(
    waiting: EInvoice, portal: PortalProcess
) -> None:
    portal.control(fault="error:2295")
    found = try_it(waiting)
    assert (found.is_unclear, found.next_attempt_at) == (True, None)
    assert "upload the answer from there" in found.last_failure
    with at("2026-10-05 12:10"), pytest.raises(DomainError, match="may have one"):
        voiding.void_invoice(invoice_id=waiting.invoice_id, reason="A mistake")
    with at("2026-10-05 12:20"):
        recording.record_typed(e_invoice_id=found.pk, registered=registered(found))
    assert (again(found).status, again(found).is_unclear) == (Status.GENERATED, False)


def test_what_a_lint_finds_is_never_sent(waiting: EInvoice, portal: PortalProcess) -> None:
    found = try_it(waiting, "2026-11-04 10:00")  # the thirtieth day was the third
    assert (found.status, found.next_attempt_at) == (Status.PENDING, None)
    assert "30 days" in found.last_failure
    assert portal.asked("POST /invoice") == 0


def test_an_expired_token_is_asked_for_anew(waiting: EInvoice, portal: PortalProcess, customer: Organisation) -> None:
    try_it(waiting)
    other = EInvoice.objects.get(invoice=issued_on("2026-10-05 10:05", customer))
    portal.control(fault="expired")
    assert try_it(other).status == Status.GENERATED
    assert portal.asked("POST /auth/token") == 2


def test_no_redirect_is_followed(waiting: EInvoice, portal: PortalProcess) -> None:
    portal.control(fault="redirect")
    assert try_it(waiting).is_unclear


def test_a_portal_that_is_not_there_changes_nothing(waiting: EInvoice, settings: Any) -> None:
    settings.IRP_URL = "http://127.0.0.1:9"
    found = try_it(waiting)
    assert (found.status, found.is_unclear) == (Status.PENDING, False)
    assert "can't be reached" in found.last_failure


def test_it_is_off_until_the_installation_and_the_seller_say_so(
    waiting: EInvoice, portal: PortalProcess, seller: BillingEntity, settings: Any
) -> None:
    update_seller(seller=seller, e_invoices_by_client=False)
    assert try_it(waiting).attempts == 0
    update_seller(seller=seller, e_invoices_by_client=True)
    settings.IRP_URL = ""
    assert registering.due_registrations() == []
    assert "IRP_URL" in try_it(waiting).last_failure
    settings.IRP_URL = "http://portal.example"
    with pytest.raises(DomainError, match="https"):
        registering.connect(waiting.seller_gstin)
    assert portal.control()["calls"] == []


def test_no_secret_is_logged(
    waiting: EInvoice, portal: PortalProcess, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.IRP_LOGINS = {waiting.seller_gstin: {"username": "x", "password": "wrong one"}}
    with caplog.at_level(logging.DEBUG):
        found = try_it(waiting)
    assert "3005" in found.last_failure
    assert repr(registering.connect(waiting.seller_gstin)._account).count(CLIENT_SECRET) == 0
    for secret in (PASSWORD, CLIENT_SECRET, "wrong one"):
        assert secret not in caplog.text + found.last_failure


def test_an_irn_is_cancelled_at_the_portal_once(waiting: EInvoice, portal: PortalProcess) -> None:
    found = try_it(waiting)
    with at("2026-10-05 13:00"):
        portal.control(fault="drop_after", now="2026-10-05 13:00:00")
        with pytest.raises(DomainError, match="no answer"):
            registering.cancel(e_invoice_id=found.pk, reason="2", remark="Typed twice")
        cancelled = registering.cancel(e_invoice_id=found.pk, reason="2", remark="Typed twice")
        assert (cancelled.status, cancelled.cancel_reason) == (Status.CANCELLED, "2")
        assert list(EInvoice.objects.at_odds()) == [found]
        voiding.void_invoice(invoice_id=found.invoice_id, reason="Typed twice")
        assert not EInvoice.objects.at_odds()


def test_an_irn_stays_after_a_day_and_where_the_invoice_stays(waiting: EInvoice, portal: PortalProcess) -> None:
    found = try_it(waiting)
    with at("2026-10-06 11:01"), pytest.raises(DomainError) as error:
        registering.cancel(e_invoice_id=found.pk, reason="2", remark="")
    assert error.value.code == "E_INVOICE_TOO_LATE"
    with at("2026-10-05 12:30"):
        tasks.deliver_invoice(str(found.invoice_id))
        with pytest.raises(DomainError, match="was sent to"):
            registering.cancel(e_invoice_id=found.pk, reason="2", remark="")
    assert portal.asked("POST /invoice/cancel") == 0
