"""The end of a debit: captured or failed, as reports of its payment tell it, or withdrawn before the bank was asked.

Whoever ends one locks the payment request first, then the debit: a report and a sweep never wait for each other.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from billing_platform.lib import clock
from billing_platform.lib.work.waking import wake_on_commit
from payments.gateways.debit_failures import ADVICE, Remedy, remedy_of
from payments.models import MandateCharge, Payment, PaymentOrder, RetryTry

Status = MandateCharge.Status


def note_debit_outcome(payment: Payment) -> None:
    """Bring the charge of a payment that was just reported into line with it. In the report's transaction, which holds
    the customer's lock."""
    if payment.order is None or payment.order.kind != PaymentOrder.Kind.DEBIT:
        return
    charge = lock_debit(MandateCharge.objects.filter(order=payment.order))
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


def lock_debit(charges: Any) -> MandateCharge | None:
    """The one debit among `charges`, locked after its payment request; None if there is none."""
    order_id = charges.values_list("order_id", flat=True).first()
    PaymentOrder.objects.select_for_update().filter(pk=order_id).first()
    locked: MandateCharge | None = charges.select_for_update(of=("self",)).first()
    return locked


def withdraw_debits(charges: Any, reason: str, *, only: str = Status.ANNOUNCED) -> list[UUID]:
    """Cancel those of some debits that stand so, with their payment requests; the ids of the debits. The caller is in
    a transaction. `only`: announced, or asked if Razorpay is known not to have got our question."""
    standing = charges.filter(status=only)
    orders = list(standing.values_list("order_id", flat=True))
    list(PaymentOrder.objects.select_for_update().filter(pk__in=orders).order_by("pk"))
    now = clock.now()
    ids: list[UUID] = list(standing.select_for_update(of=("self",)).values_list("pk", flat=True))
    MandateCharge.objects.filter(pk__in=ids).update(
        status=Status.CANCELLED,
        reason=reason[:255],
        ended_at=now,
        next_attempt_at=None,
        claimed_until=None,
        updated_at=now,
    )
    _supersede(orders)
    _end_attempts(orders, reason)
    return ids


def end_debit(charge: MandateCharge, status: str, reason: str, code: str) -> None:
    """`code`: the bank's reason in Razorpay's word. The caller holds `lock_debit`."""
    charge.status, charge.reason, charge.failure_code = status, reason[:255], code[:100]
    charge.ended_at = clock.now()
    charge.save(update_fields=["status", "reason", "failure_code", "ended_at", *charge.end()])
    if status == Status.FAILED:
        _supersede([charge.order_id])
        _end_attempts([charge.order_id], reason)


def _supersede(orders: list[UUID | None]) -> None:
    """A request that was debited, or withdrawn, can't be debited a second time."""
    PaymentOrder.objects.live().filter(pk__in=orders).update(
        status=PaymentOrder.Status.SUPERSEDED, next_attempt_at=None, claimed_until=None, updated_at=clock.now()
    )


def _end_attempts(orders: list[UUID | None], reason: str) -> None:
    """A retry that asked by such a debit has failed: its next attempt comes at its time."""
    asked = RetryTry.objects.filter(order__in=orders, outcome=RetryTry.Outcome.ASKED)
    asked.update(outcome=RetryTry.Outcome.FAILED, error=reason, updated_at=clock.now())
