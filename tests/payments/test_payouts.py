"""Payouts: fetched once however often, joined to what is ours, and adding up."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError

from invoicing.models import Invoice
from payments.models import Payment, Payout, PayoutLine
from payments.services import collection
from payments.services.payouts.fetching import fetch_payouts
from payments.services.payouts.sums import csv_rows, sums
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import deliver, hand_over


@pytest.fixture
def payment(razorpay: SandboxProcess, invoice: Invoice) -> Payment:
    """1,180.00, with a fee of 2% and 18% GST on it: 23.60 + 4.25 = 27.85."""
    order = collection.ensure_order(invoice_id=invoice.pk)
    razorpay.pay(order.razorpay_order_id or "")
    hand_over(razorpay.deliveries())
    return Payment.objects.get()


def test_a_payout_adds_up_and_leads_to_its_payments(razorpay: SandboxProcess, payment: Payment) -> None:
    made = razorpay.control("settlements", {})
    for _twice in range(2):
        assert fetch_payouts() == 1
    payout = Payout.objects.get()
    assert (payout.razorpay_payout_id, payout.status, payout.utr) == (made["id"], "processed", made["utr"])
    [line] = payout.lines.all()
    assert line.payment == payment
    found = sums(payout)
    assert (str(found.paid), str(found.net), found.missing) == ("1180.0000", str(payout.amount), 0)
    assert found.paid - found.fees - found.gst == found.net
    assert [row[1] for row in csv_rows(payout)][1:] == [payment.razorpay_payment_id]


def test_a_lost_dispute_stands_in_the_payout_as_an_adjustment(razorpay: SandboxProcess, payment: Payment) -> None:
    dispute = razorpay.control(f"payments/{payment.razorpay_payment_id}/dispute", {"amount": 50000})
    razorpay.control(f"disputes/{dispute['id']}/lose")
    hand_over(razorpay.deliveries())
    razorpay.control("settlements", {})
    fetch_payouts()
    payout = Payout.objects.get()
    line = payout.lines.get(kind="adjustment")
    assert (line.dispute.razorpay_dispute_id, str(line.debit)) == (dispute["id"], "500.0000")
    assert (str(sums(payout).other), sums(payout).missing) == ("500.0000", 0)


def test_a_fee_that_no_message_named_is_learnt_from_the_payout(razorpay: SandboxProcess, payment: Payment) -> None:
    Payment.objects.filter(pk=payment.pk).update(fee=None, tax=None)
    razorpay.control("settlements", {})
    fetch_payouts()
    payment.refresh_from_db()
    line = PayoutLine.objects.get()
    assert (payment.fee, payment.tax) == (line.fee, line.tax)
    assert line.fee > 0


def test_a_line_never_changes(razorpay: SandboxProcess, payment: Payment) -> None:
    razorpay.control("settlements", {})
    fetch_payouts()
    with pytest.raises(ProgrammingError, match="Cannot update"):
        PayoutLine.objects.update(credit=1)


def test_the_message_of_a_payout_needs_no_order(razorpay: SandboxProcess, payment: Payment) -> None:
    razorpay.control("settlements", {})
    [webhook] = [row for row in hand_over(razorpay.deliveries()) if row.event_type == "settlement.processed"]
    assert webhook.status == "processed", webhook.last_failure
    assert webhook.outcome.startswith("Payout setl_")
    assert deliver("payment.downtime.started", {"payment.downtime": {"id": "down_1"}}, "evt_d").status == "ignored"
