"""The end of a debit, captured or failed, as reports of its payment tell it; and what that says about the mandate."""

from __future__ import annotations

from billing_platform.lib import clock
from billing_platform.lib.work.waking import wake_on_commit
from payments.gateways.debit_failures import ADVICE, Remedy, remedy_of
from payments.models import MandateCharge, Payment, PaymentOrder

Status = MandateCharge.Status


def note_debit_outcome(payment: Payment) -> None:
    """Bring the charge of a payment that was just reported into line with it. In the report's transaction, which holds
    the customer's lock."""
    if payment.order is None or payment.order.kind != PaymentOrder.Kind.DEBIT:
        return
    charge = MandateCharge.objects.select_for_update().filter(order=payment.order).first()
    if charge is None:
        return
    if not charge.razorpay_payment_id:
        charge.razorpay_payment_id = payment.razorpay_payment_id or ""
        charge.save(update_fields=["razorpay_payment_id", "updated_at"])
    if payment.paid_at is not None and charge.status != Status.CAPTURED:
        end_debit(charge, Status.CAPTURED, "", "")
    elif payment.status == Payment.Status.FAILED and charge.status in (Status.ANNOUNCED, Status.ASKED):
        end_debit(charge, Status.FAILED, payment.error_description, payment.error_reason)
        if remedy_of(payment.error_reason) in (Remedy.NEW_MANDATE, Remedy.ASK_PAYER):
            wake_on_commit("payments.tasks.refresh_mandate", charge.mandate_id)


def advice_for(payment: Payment) -> str:
    """What the payer can do after a debit that failed; "" for other payments."""
    is_debit = payment.order is not None and payment.order.kind == PaymentOrder.Kind.DEBIT
    return ADVICE[remedy_of(payment.error_reason)] if is_debit else ""


def end_debit(charge: MandateCharge, status: str, reason: str, code: str) -> None:
    """`code`: the bank's reason in Razorpay's word. The caller holds the charge's lock."""
    charge.status, charge.reason, charge.failure_code = status, reason[:255], code[:100]
    charge.ended_at = clock.now()
    charge.save(update_fields=["status", "reason", "failure_code", "ended_at", *charge.end()])
    if status == Status.FAILED:  # the order can't be debited a second time
        PaymentOrder.objects.live().filter(pk=charge.order_id).update(
            status=PaymentOrder.Status.SUPERSEDED, updated_at=clock.now()
        )
