"""What Razorpay did by itself in the demo: it paid out what a mandate brought, and told of a dispute and a refund.

Its side is told, as its answers would tell it: the demo is made before the sandbox runs.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.money import Money, to_minor
from invoicing.rates import BOOKS
from organisations.models import Organisation
from payments.gateways import GatewayRefund
from payments.gateways.values import GatewayDispute, GatewayPayout, ReconRow
from payments.models import Payment, Refund
from payments.services.disputes.recording import apply_dispute
from payments.services.payouts.fetching import store_lines, store_payout
from payments.services.refunding.notes import issue_note_of_refund
from payments.services.refunding.sending import apply_refund_report

_UTR = "HDFCN52026000000311"


def tell_of_money(organisation: Organisation) -> None:
    """Of the payment by mandate of a customer: all of it is paid out, ₹500.00 are refunded, ₹900.00 disputed."""
    payment = Payment.objects.get(organisation=organisation, kind=Payment.Kind.GATEWAY, paid_at__isnull=False)
    _pay_out(payment)
    report = GatewayRefund(
        id="rfnd_Demo0000000001",
        payment_id=payment.razorpay_payment_id or "",
        status="processed",
        amount_minor=_minor(Decimal(500)),
        created_at=clock.now(),
        bank_reference="74332746329174632917463",
    )
    apply_refund_report(payment_id=payment.pk, report=report)
    refund = Refund.objects.get(razorpay_refund_id=report.id)
    issue_note_of_refund(refund_id=refund.pk, reason="Agreed for the outage of the 12th", send=False)
    _dispute(payment)


def _pay_out(payment: Payment) -> None:
    paid_at = payment.paid_at or clock.now()
    begun_at = min(paid_at + timedelta(days=2), clock.now())
    amount, fee, tax = (_minor(each or Decimal(0)) for each in (payment.amount, payment.fee, payment.tax))
    payout = GatewayPayout("setl_Demo0000000001", amount - fee, "processed", 0, 0, _UTR, begun_at)
    line = ReconRow(
        entity_id=payment.razorpay_payment_id or "",
        type="payment",
        payment_id=payment.razorpay_payment_id or "",
        order_id=payment.razorpay_order_id,
        dispute_id="",
        payout_id=payout.id,
        utr=_UTR,
        amount_minor=amount,
        credit_minor=amount - fee,
        debit_minor=0,
        fee_minor=fee,
        tax_minor=tax,
        currency=BOOKS,
        description="",
        is_on_hold=False,
        is_paid_out=True,
        created_at=paid_at,
        paid_out_at=begun_at,
    )
    store_payout(payout, None)
    store_lines(payout.id, [line])


def _dispute(payment: Payment) -> None:
    now = clock.now()
    report = GatewayDispute(
        id="disp_Demo0000000001",
        payment_id=payment.razorpay_payment_id or "",
        amount_minor=_minor(Decimal(900)),
        currency=payment.currency,
        amount_deducted_minor=0,
        reason_code="goods_or_services_not_received_or_partially_received",
        reason="The payer says that nothing or too little was delivered",
        phase="chargeback",
        status="open",
        respond_by=now + timedelta(days=6),
        created_at=now - timedelta(hours=5),
    )
    apply_dispute(report=report, told_at=now)


def _minor(amount: Decimal) -> int:
    return to_minor(Money(amount, BOOKS))
