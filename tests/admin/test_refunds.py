"""Refunds in the admin: the page says what happens before it acts, and operators give back only what is nobody's."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test.client import Client

from invoicing.models import CreditNote, Invoice
from organisations.models import Organisation
from payments.gateways import repeats
from payments.gateways.entities import parse_refund
from payments.models import Payment, Refund
from payments.services.payment_reports import apply_payment_report
from tests.admin.test_confirm_pages import facts_of
from tests.admin.test_object_actions import act, action_url, token
from tests.payments.language import issued_invoice, open_order, reported
from tests.payments.stub_razorpay import Reply, StubRazorpay, running_stub

REFUND = {"id": "rfnd_1", "payment_id": "pay_Test0000000001", "status": "pending", "created_at": 1795500000}


@pytest.fixture
def stub(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(repeats, "TRIES", 1)
    cache.clear()
    with running_stub() as running:
        settings.RAZORPAY_BASE_URL = running.base_url
        settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET = "rzp_test_1", "secret"
        yield running


@pytest.fixture
def payment(acme: Organisation) -> Payment:
    """₹1,180.00 by UPI, credited to its invoice."""
    order = open_order(issued_invoice(acme))
    return apply_payment_report(order_id=order.pk, report=reported(order, fee_minor=2784))


def test_another_amount_is_shown_before_it_is_sent(stub: StubRazorpay, payment: Payment, as_admin: Client) -> None:
    url = action_url(payment, "refund")
    facts = facts_of(as_admin.get(url))
    assert facts["This refund"] == "₹1,180.00 of ₹1,180.00 that is left"
    assert facts["The invoice afterwards"] == "Refunded; due: ₹0.00"
    fields = {"amount": "180", "afterwards": "credit_note", "reason": "A part was left out"}
    once = token(as_admin, url)
    answer = as_admin.post(url, {"once": once, "seen": "1180 credit_note", **fields})
    assert "press the button once more" in answer.content.decode()
    assert facts_of(answer)["Credit note"] == "₹180.00: value ₹152.54, CGST ₹13.73, SGST ₹13.73"
    assert not Refund.objects.exists()
    stub.one_by_one(Reply({**REFUND, "amount": 18000, "currency": "INR"}))
    for _twice in range(2):
        as_admin.post(url, {"once": once, "seen": "180 credit_note", **fields})
    refund = Refund.objects.get()
    assert (refund.amount, refund.status, refund.razorpay_refund_id) == (180, "pending", "rfnd_1")
    assert CreditNote.objects.get() == refund.credit_note
    assert stub.asked[0].body == {
        "amount": 18000,
        "speed": "normal",
        "receipt": refund.refund_number,
        "notes": {"invoice": refund.payment.invoice.number, "refund_number": refund.refund_number},
    }


def test_operators_give_back_the_excess_and_no_more(stub: StubRazorpay, payment: Payment, as_operator: Client) -> None:
    assert as_operator.get(action_url(payment, "refund")).status_code == 403
    assert "does not apply" in as_operator.get(action_url(payment, "refund_excess"), follow=True).content.decode()
    order = payment.order
    assert order is not None
    second = apply_payment_report(order_id=order.pk, report=reported(order, id="pay_Test0000000002"))
    stub.one_by_one(
        Reply({**REFUND, "payment_id": second.razorpay_payment_id, "amount": 118000, "status": "processed"})
    )
    act(as_operator, action_url(second, "refund_excess"), reason="Paid twice")
    refund = Refund.objects.get()
    assert (refund.status, refund.amount, refund.afterwards) == ("processed", 1180, "")
    assert Invoice.objects.get().status == "paid"


def test_a_refused_refund_is_tried_again_once_or_closed(stub: StubRazorpay, payment: Payment, as_admin: Client) -> None:
    refusal = Reply(
        {"error": {"code": "BAD_REQUEST_ERROR", "description": "Not enough balance."}},
        status=400,
    )
    nothing = Reply({"entity": "collection", "count": 0, "items": []})
    stub.one_by_one(refusal, nothing, nothing)
    url = action_url(payment, "refund")
    fields = {"amount": "1180", "afterwards": "leave", "reason": "Cancelled", "seen": "1180 leave"}
    said = act(as_admin, url, **fields)
    failed = Refund.objects.get()
    assert (failed.status, failed.failure) == ("failed", "Not enough balance.")
    assert "Not enough balance" in said.content.decode()
    assert Refund.objects.failed_and_not_tried_again().get() == failed
    stub.one_by_one(Reply({**REFUND, "amount": 118000, "currency": "INR"}))
    act(as_admin, action_url(failed, "try_again"))
    again = Refund.objects.get(retry_of=failed)
    assert (again.amount, again.reason, again.afterwards) == (1180, "Cancelled", "leave")
    assert not Refund.objects.failed_and_not_tried_again().exists()
    assert "does not apply" in as_admin.get(action_url(failed, "close"), follow=True).content.decode()


def test_a_refund_of_the_dashboard_gets_its_note_in_one_click(
    stub: StubRazorpay, payment: Payment, as_admin: Client
) -> None:
    order = payment.order
    assert order is not None
    entity = {**REFUND, "amount": 11800, "currency": "INR", "status": "processed"}
    report = reported(order, amount_refunded_minor=11800)
    apply_payment_report(order_id=order.pk, report=report, refund=parse_refund(entity))
    url = action_url(payment, "note_of_refund")
    assert facts_of(as_admin.get(url))["Credit note"] == "₹118.00: value ₹100.00, CGST ₹9.00, SGST ₹9.00"
    act(as_admin, url, reason="Refunded by finance")
    assert Refund.objects.get().credit_note == CreditNote.objects.get()
    assert not Payment.objects.refunds_to_decide().exists()
