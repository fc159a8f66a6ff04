"""What Razorpay says about a dispute, and what that takes from its payment.

Razorpay's messages are only the occasion: each time the dispute itself is fetched, and the newer answer counts. So
messages may come twice, late and in any order. A dispute that is lost takes the money off the invoice, which is due
again; one that is won after the deduction brings it back.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from billing_platform.lib import clock
from billing_platform.lib.errors import NotFound
from billing_platform.lib.money import ZERO, from_minor
from payments import emails
from payments.gateways import RazorpayGateway
from payments.gateways.values import GatewayDispute
from payments.models import Dispute, Payment, PaymentOrder
from payments.models.dispute import RANK
from payments.services.announcing import announce_dispute
from payments.services.crediting import credit_payment, lock_payment
from payments.services.gateway_accounts import gateway_of

Status = Dispute.Status


def payment_of(razorpay_payment_id: str) -> Payment | None:
    """Our payment that a dispute is about."""
    found: Payment | None = (
        Payment.objects.select_related("order__invoice").filter(razorpay_payment_id=razorpay_payment_id).first()
    )
    return found


def gateway_of_dispute(dispute: Dispute) -> RazorpayGateway:
    """With which account its payment was asked for. Raises GatewayNotConfigured."""
    return gateway_of(PaymentOrder.objects.get(payments=dispute.payment_id))


def refresh_dispute(*, dispute: Dispute) -> Dispute:
    """Ask Razorpay how a dispute stands now. Raises GatewayError."""
    asked_at = clock.now()
    report = gateway_of_dispute(dispute).fetch_dispute(dispute_id=dispute.razorpay_dispute_id)
    return apply_dispute(report=report, told_at=asked_at)


@transaction.atomic
def apply_dispute(*, report: GatewayDispute, told_at: datetime) -> Dispute:
    """Record how a dispute stood at `told_at`, when Razorpay was asked. An answer that is older than what we know
    changes nothing. Safe to repeat. Raises NotFound for a payment that is not ours."""
    known = payment_of(report.payment_id)
    if known is None:
        raise NotFound(f"No payment of ours is {report.payment_id}.")
    payment = lock_payment(known.pk)
    dispute: Dispute | None = Dispute.objects.select_for_update().filter(razorpay_dispute_id=report.id).first()
    before = dispute.status if dispute is not None else ""
    if dispute is None:
        dispute = _new(payment, report, told_at)
    elif told_at < dispute.told_at or RANK[Status(report.status)] < RANK[Status(dispute.status)]:
        return dispute
    _advance(dispute, payment, report, told_at)
    dispute.save()
    _write_off_payment(payment)
    if dispute.status != before:
        emails.queue_dispute(dispute)
        announce_dispute(dispute, before=before)
    return dispute


def _new(payment: Payment, report: GatewayDispute, told_at: datetime) -> Dispute:
    return Dispute(
        payment=payment,
        razorpay_dispute_id=report.id,
        amount=from_minor(report.amount_minor, report.currency).amount,
        currency=report.currency,
        raised_at=report.created_at,
        told_at=told_at,
    )


def _advance(dispute: Dispute, payment: Payment, report: GatewayDispute, told_at: datetime) -> None:
    if dispute.status == Status.UNDER_REVIEW and report.status == Status.OPEN:
        dispute.forget_answer()  # what was submitted did not do: Razorpay waits for another answer
    dispute.status = Status(report.status)
    dispute.phase = report.phase if report.phase in Dispute.Phase.values else ""
    dispute.reason_code, dispute.reason = report.reason_code, report.reason
    dispute.respond_by, dispute.told_at = report.respond_by, told_at
    if dispute.status == Status.WON:
        if dispute.deducted_at is not None and dispute.returned_at is None:
            dispute.returned_at = clock.now()
        return  # what stands as deducted is what came back
    dispute.amount_deducted = from_minor(report.amount_deducted_minor, report.currency).amount
    if dispute.amount_deducted > ZERO:
        dispute.deducted_at = dispute.deducted_at or clock.now()
        others = _lost(payment, without=dispute)
        room = max(payment.amount - payment.payer_fee - payment.amount_refunded - others, ZERO)
        dispute.amount_taken = min(dispute.amount_deducted, max(room, dispute.amount_taken))


def take_what_is_here_again(payment: Payment) -> None:
    """A refund failed: of the money that stayed, a dispute that was lost may have been deducted, which it could not
    take before. Example: of 1,180.00, 1,000.00 were on their way back when 500.00 were deducted; it took 180.00. The
    refund fails: it took 500.00, and 680.00 are left.

    The caller holds the payment's lock, and has credited the payment with what is left of it without this.
    """
    before = payment.amount_lost
    short = payment.disputes.filter(returned_at__isnull=True, amount_taken__lt=F("amount_deducted"))
    for dispute in short.select_for_update().order_by("deducted_at"):
        more = min(dispute.amount_deducted - dispute.amount_taken, payment.net)
        if more > ZERO:
            dispute.amount_taken += more
            dispute.save(update_fields=["amount_taken", "updated_at"])
            payment.amount_lost += more
    if payment.amount_lost != before:
        payment.save(update_fields=["amount_lost", "updated_at"])
        credit_payment(payment, with_receipt=False, by_dispute=True)


def _lost(payment: Payment, *, without: Dispute | None = None) -> Decimal:
    rows = payment.disputes.filter(returned_at__isnull=True)
    if without is not None:
        rows = rows.exclude(pk=without.pk)
    return rows.aggregate(total=Sum("amount_taken"))["total"] or ZERO


def _write_off_payment(payment: Payment) -> None:
    lost = _lost(payment)
    if lost == payment.amount_lost:
        return
    payment.amount_lost = lost
    payment.save(update_fields=["amount_lost", "updated_at"])
    credit_payment(payment, with_receipt=False, by_dispute=True)
