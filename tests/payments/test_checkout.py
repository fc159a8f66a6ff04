"""Verifying a payment from the browser, capturing an authorised payment, and reading payments from Razorpay."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from billing_platform.lib import hmac_signatures
from billing_platform.lib.errors import InvalidInput, NotFound
from invoicing.models import Invoice
from organisations.models import Notification
from payments import selectors
from payments.gateways import GatewayError
from payments.models import Payment, PaymentOrder
from payments.services import checkout, collection
from tests.local.razorpay.harness import KEY_SECRET, SandboxProcess


@pytest.fixture
def order(razorpay: SandboxProcess, invoice: Invoice) -> PaymentOrder:
    return collection.ensure_order(invoice_id=invoice.pk)


def claims(order: PaymentOrder, payment_id: str) -> dict[str, str]:
    """What checkout hands to the page after a payment."""
    signature = hmac_signatures.sign(f"{order.razorpay_order_id}|{payment_id}".encode(), KEY_SECRET)
    return {
        "razorpay_order_id": order.razorpay_order_id or "",
        "razorpay_payment_id": payment_id,
        "razorpay_signature": signature,
    }


def pay(razorpay: SandboxProcess, order: PaymentOrder, outcome: str = "success") -> str:
    return str(razorpay.pay(order.razorpay_order_id or "", outcome)["id"])


def test_a_verified_payment_pays_the_invoice_and_may_be_verified_again(
    razorpay: SandboxProcess, invoice: Invoice, order: PaymentOrder
) -> None:
    answer = claims(order, pay(razorpay, order))
    payment = checkout.verify_checkout(**answer)
    assert checkout.verify_checkout(**answer) == payment
    invoice.refresh_from_db()
    assert (payment.status, payment.allocated, invoice.status) == ("captured", 1180, "paid")
    assert (payment.fee, payment.tax) == (Decimal("27.85"), Decimal("4.25"))  # 2% and 18% GST on it
    assert Notification.objects.filter(kind="payment_received").count() == 1


@pytest.mark.parametrize("change", ["razorpay_signature", "razorpay_payment_id"])
def test_a_forged_answer_is_refused(razorpay: SandboxProcess, order: PaymentOrder, change: str) -> None:
    answer = claims(order, pay(razorpay, order)) | {change: "pay_Forged00000001"}
    with pytest.raises(InvalidInput) as caught:
        checkout.verify_checkout(**answer)
    assert caught.value.code == "SIGNATURE_INVALID"
    assert Payment.objects.count() == 0


def test_an_order_that_is_not_ours_is_unknown_however_well_signed(
    razorpay: SandboxProcess, order: PaymentOrder
) -> None:
    foreign = razorpay.client().order.create({"amount": 118000, "currency": "INR"})
    paid = razorpay.pay(foreign["id"])
    signature = hmac_signatures.sign(f"{foreign['id']}|{paid['id']}".encode(), KEY_SECRET)
    with pytest.raises(NotFound):
        checkout.verify_checkout(
            razorpay_order_id=foreign["id"], razorpay_payment_id=paid["id"], razorpay_signature=signature
        )


def test_a_signature_proves_authorisation_only(razorpay: SandboxProcess, invoice: Invoice, order: PaymentOrder) -> None:
    payment = checkout.verify_checkout(**claims(order, pay(razorpay, order, "authorize_only")))
    assert payment.status == "authorized"
    invoice.refresh_from_db()
    assert invoice.status == "finalized"


@pytest.mark.usefixtures("no_repeats")
@pytest.mark.parametrize("kind", ["timeout_after_commit", "drop_before", "502_html", "429_empty", "500"])
def test_a_gateway_that_fails_during_verification_leaves_nothing_and_can_be_asked_again(
    razorpay: SandboxProcess, order: PaymentOrder, kind: str
) -> None:
    answer = claims(order, pay(razorpay, order))
    razorpay.control("faults", {"match": "GET /v1/payments/*", "kind": kind, "seconds": 2})
    with pytest.raises(GatewayError):
        checkout.verify_checkout(**answer)
    assert Payment.objects.count() == 0
    assert checkout.verify_checkout(**answer).status == "captured"


def authorised(razorpay: SandboxProcess, order: PaymentOrder) -> Payment:
    return checkout.verify_checkout(**claims(order, pay(razorpay, order, "authorize_only")))


def test_an_authorised_payment_is_captured_by_the_sweep_after_a_while(
    razorpay: SandboxProcess, invoice: Invoice, order: PaymentOrder
) -> None:
    payment = authorised(razorpay, order)
    assert selectors.payments_to_capture() == []
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert selectors.payments_to_capture() == [payment.pk]
    assert checkout.capture_payment(payment_id=payment.pk).status == "captured"
    invoice.refresh_from_db()
    assert invoice.status == "paid"


def test_a_payment_that_is_captured_already_is_accepted(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    payment = authorised(razorpay, order)
    razorpay.client().payment.capture(payment.razorpay_payment_id, 118000, {"currency": "INR"})
    assert checkout.capture_payment(payment_id=payment.pk).status == "captured"


@pytest.mark.usefixtures("paid_by_nobody")
def test_an_authorised_payment_of_a_paid_invoice_is_not_captured_and_says_why(
    razorpay: SandboxProcess, invoice: Invoice, order: PaymentOrder
) -> None:
    payment = authorised(razorpay, order)
    Invoice.objects.filter(pk=invoice.pk).update(status="paid", amount_paid=1180)
    assert checkout.capture_payment(payment_id=payment.pk).status == "authorized"
    assert razorpay.client().payment.fetch(payment.razorpay_payment_id)["status"] == "authorized"
    payment.refresh_from_db()
    assert "does not ask for this amount" in payment.not_captured
    assert not Payment.objects.not_taken().exists()  # there is nothing to do


def test_a_capture_that_razorpay_refuses_waits_for_a_person_and_says_why(
    razorpay: SandboxProcess, order: PaymentOrder
) -> None:
    payment = authorised(razorpay, order)
    razorpay.control("faults", {"match": "POST */capture", "kind": "429_json"})
    with pytest.raises(GatewayError):
        checkout.capture_payment(payment_id=payment.pk)
    [waits] = Payment.objects.not_taken()
    assert "Too many requests" in waits.not_captured
    assert checkout.capture_payment(payment_id=payment.pk).not_captured == ""


def test_reading_from_the_gateway_finds_a_payment_without_webhook(
    razorpay: SandboxProcess, invoice: Invoice, order: PaymentOrder
) -> None:
    pay(razorpay, order, "fail")
    pay(razorpay, order)
    found = checkout.refresh_order(order_id=order.pk)
    assert {payment.status for payment in found} == {"failed", "captured"}  # in whatever order Razorpay lists them
    invoice.refresh_from_db()
    assert invoice.status == "paid"


def test_a_payer_back_from_a_link_is_believed_by_signature_and_gateway(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    assert checkout.refresh_order(order_id=link.pk) == []  # nobody has opened it
    razorpay.http.get(link.short_url, timeout=5)
    entity = razorpay.client().payment_link.fetch(link.razorpay_link_id)
    payment_id = razorpay.pay(entity["order_id"])["id"]
    payload = f"{link.razorpay_link_id}|{link.receipt}|paid|{payment_id}"
    answer: dict[str, Any] = {"order_id": link.pk, "status": "paid", "razorpay_payment_id": payment_id}
    with pytest.raises(InvalidInput):
        checkout.verify_link(**answer, razorpay_signature="0" * 64)
    checkout.verify_link(**answer, razorpay_signature=hmac_signatures.sign(payload.encode(), KEY_SECRET))
    invoice.refresh_from_db()
    assert invoice.status == "paid"
