"""Payouts: fetched once however often, joined to what is ours, and adding up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError

from billing_platform.lib import clock
from billing_platform.lib.sealing import seal
from invoicing.models import Invoice
from payments.models import GatewayAccount, Payment, Payout, PayoutLine
from payments.selectors import not_paid_out
from payments.services import collection
from payments.services.payouts.fetching import fetch_payouts
from payments.services.payouts.sums import csv_rows, sums
from tests.local.razorpay.harness import KEY_ID, KEY_SECRET, SandboxProcess
from tests.payments.language import hand_over


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


def test_a_former_account_still_pays_out(razorpay: SandboxProcess, payment: Payment, settings: Any) -> None:
    razorpay.control("settlements", {})
    settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = ""
    GatewayAccount.objects.create(
        billing_entity=payment.asked_for.billing_entity, key_id=KEY_ID, key_secret=seal(KEY_SECRET),
        webhook_secret=seal("unused"), retired_at=clock.now(),
    )  # fmt: skip
    assert fetch_payouts() == 1
    with clock.standing_at(clock.now() + timedelta(days=20)):
        assert fetch_payouts() == 0


def test_a_payment_that_later_payouts_leave_out_is_shown(payment: Payment) -> None:
    assert payment.paid_at is not None
    values = {"status": "processed", "amount": 1000, "utr": "UTR1"}
    early = Payout.objects.create(razorpay_payout_id="setl_1", begun_at=payment.paid_at + timedelta(days=6), **values)
    assert not not_paid_out(Payment.objects.all()).exists()
    Payout.objects.create(razorpay_payout_id="setl_2", begun_at=payment.paid_at + timedelta(days=8), **values)
    assert list(not_paid_out(Payment.objects.all())) == [payment]
    line = {"kind": "payment", "entity_id": "pay_1", "amount": 1180, "credit": 1000, "happened_at": payment.paid_at}
    PayoutLine.objects.create(payout=early, payment=payment, **line)
    assert not not_paid_out(Payment.objects.all()).exists()


def test_a_line_never_changes(razorpay: SandboxProcess, payment: Payment) -> None:
    razorpay.control("settlements", {})
    fetch_payouts()
    with pytest.raises(ProgrammingError, match="Cannot update"):
        PayoutLine.objects.update(credit=1)


def test_the_message_of_a_payout_needs_no_order(razorpay: SandboxProcess, payment: Payment) -> None:
    razorpay.control("settlements", {})
    [webhook] = [row for row in hand_over(razorpay.deliveries()) if row.event_type == "settlement.processed"]
    assert webhook.status == "processed", webhook.last_failure
    assert "fetch payout setl_" in webhook.outcome
