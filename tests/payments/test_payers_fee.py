"""A payer pays Razorpay's fee: the complete payment over HTTP with the real SDK."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from invoicing.models import Invoice
from organisations.models import BillingEntity, Organisation
from payments import selectors, tasks
from payments.models import Payment, PaymentOrder
from payments.services import checkout, collection
from payments.services.allocating import credit_to_invoice
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import hand_over, issued_invoice


def paid_with_fee(razorpay: SandboxProcess, invoice: Invoice, **settings: bool) -> None:
    """1180.00 is asked; 2% of it and 18% GST on that, 27.85, come on top."""
    razorpay.control("settings", {"fee_bearer_customer": True, **settings})
    order = collection.ensure_order(invoice_id=invoice.pk)
    entity = razorpay.pay(order.razorpay_order_id or "")
    assert (entity["amount"], entity["fee"], entity["fee_bearer"]) == (120785, 2785, "customer")
    assert razorpay.client().order.fetch(order.razorpay_order_id)["status"] == "paid"


@pytest.mark.parametrize("reverse", [False, True])
def test_what_was_asked_is_credited_and_the_pay_page_asks_for_nothing(
    razorpay: SandboxProcess, invoice: Invoice, reverse: bool
) -> None:
    paid_with_fee(razorpay, invoice)
    deliveries = razorpay.deliveries()
    hand_over(deliveries[::-1] if reverse else deliveries)
    invoice.refresh_from_db()
    payment = Payment.objects.get()
    assert (invoice.status, invoice.amount_paid) == ("paid", Decimal("1180"))
    assert (payment.amount, payment.payer_fee, payment.problem) == (Decimal("1207.85"), Decimal("27.85"), "")
    page = Client().get(f"/pay/{invoice.public_token}").content.decode()
    assert "paid in full" in page
    assert "<button" not in page


def test_a_fee_that_no_message_names_is_asked_for(razorpay: SandboxProcess, invoice: Invoice) -> None:
    paid_with_fee(razorpay, invoice, hide_fees_in_webhooks=True)
    hand_over(razorpay.deliveries())
    payment = Payment.objects.get()
    assert payment.problem.endswith("Razorpay has not named its fee yet.")
    assert selectors.payments_without_fee() == []  # a moment is given to the messages
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert selectors.payments_without_fee() == [payment.pk]
        tasks.refresh_payment(str(payment.pk))
        assert selectors.payments_without_fee() == []
    invoice.refresh_from_db()
    assert (invoice.status, Payment.objects.get().problem) == ("paid", "")


def test_a_payment_with_the_fee_on_top_is_captured_by_the_sweep_too(razorpay: SandboxProcess, invoice: Invoice) -> None:
    """Automatic capture was missed. Left alone, the money would go back although the payer was told that it is paid."""
    razorpay.control("settings", {"fee_bearer_customer": True})
    order = collection.ensure_order(invoice_id=invoice.pk)
    razorpay.pay(order.razorpay_order_id or "", "authorize_only")
    hand_over(razorpay.deliveries())
    payment = Payment.objects.get()
    assert (payment.status, payment.amount) == ("authorized", Decimal("1207.85"))
    assert checkout.capture_payment(payment_id=payment.pk).status == "captured"
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("paid", Decimal(1180))


def pay_part(razorpay: SandboxProcess, link: PaymentOrder, amount: int, outcome: str = "success") -> dict[str, Any]:
    razorpay.http.get(link.short_url, timeout=5)  # only now does the link get its order
    order = razorpay.client().payment_link.fetch(link.razorpay_link_id)["order_id"]
    return razorpay.pay(order, outcome, amount=amount)


@pytest.mark.parametrize("hidden", [False, True])
def test_of_a_part_the_part_is_credited_and_not_the_fee_on_top(
    razorpay: SandboxProcess, invoice: Invoice, hidden: bool
) -> None:
    """1180.00 by a link in parts. By hand: the payer chooses 500.00; the fee is 2%, 10.00, and 18% GST on it, 1.80: the
    payment is of 511.80. The rest is 680.00 with 13.60 and 2.45 on top: 696.05, captured by our sweep. Were the fee
    credited, 11.80 less would be due than Razorpay's link asks for, and the rest would be 27.85 too large."""
    BillingEntity.objects.update(first_part_percent=30)
    razorpay.control("settings", {"fee_bearer_customer": True, "hide_fees_in_webhooks": hidden})
    link = collection.create_payment_link(invoice_id=invoice.pk)
    entity = pay_part(razorpay, link, 50000)
    assert (entity["amount"], entity["fee"]) == (51180, 1180)
    hand_over(razorpay.deliveries())
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert len(selectors.payments_without_fee()) == hidden
        if hidden:
            assert Payment.objects.get().problem.startswith("Paid ₹511.80, with the fee on top.")
            assert "is being confirmed" in Client().get(f"/pay/{invoice.public_token}").content.decode()
            assert collection.create_payment_link(invoice_id=invoice.pk) == link
            tasks.refresh_payment(str(Payment.objects.get().pk))
    first = Payment.objects.get()
    assert (first.payer_fee, first.allocated, first.unallocated, first.problem) == (Decimal("11.80"), 500, 0, "")
    link.refresh_from_db()
    assert (link.status, link.remaining) == ("open", 680)
    pay_part(razorpay, link, 68000, "authorize_only")
    hand_over(razorpay.deliveries())
    rest = checkout.capture_payment(payment_id=Payment.objects.get(status="authorized").pk)
    assert (rest.amount, rest.payer_fee, rest.unallocated) == (Decimal("696.05"), Decimal("16.05"), 0)
    invoice.refresh_from_db()
    link.refresh_from_db()
    assert (invoice.status, invoice.amount_paid, link.status) == ("paid", 1180, "paid")


def test_a_fee_that_is_named_after_its_amount_was_credited_elsewhere_is_no_refund(
    razorpay: SandboxProcess, invoice: Invoice, acme: Organisation
) -> None:
    paid_with_fee(razorpay, invoice, hide_fees_in_webhooks=True)
    hand_over(razorpay.deliveries())
    payment, other = Payment.objects.get(), issued_invoice(acme)
    for each in (invoice, other):
        credit_to_invoice(payment_id=payment.pk, invoice_id=each.pk)
    tasks.refresh_payment(str(payment.pk))
    for each in (invoice, other):
        each.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("paid", Decimal(1180))
    assert (other.status, other.amount_paid, other.amount_returned) == ("finalized", 0, 0)
