"""Refunds: created, then processed or failed."""

from __future__ import annotations

from django.db import transaction

from billing_platform.local.razorpay import clock, identifiers, webhooks
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_payment, get_refund
from billing_platform.local.razorpay.models import IdempotencyKey, Payment, Refund, State
from billing_platform.local.razorpay.services import balance
from billing_platform.local.razorpay.validation import clean_amount, clean_notes, clean_text, reject_unexpected
from billing_platform.local.razorpay.webhooks import Announcement

FIELDS = ("amount", "speed", "notes", "receipt")
SPEEDS = ("normal", "optimum")
REFUNDABLE_FOR = 183 * clock.DAY  # Razorpay says six months
MAX_RECEIPT = 40


@transaction.atomic
def create_refund(*, payment_id: str, data: JSON, idempotency: IdempotencyKey | None = None) -> Refund:
    reject_unexpected(data, FIELDS)
    payment = get_payment(payment_id)
    speed = data.get("speed") or "normal"
    if speed not in SPEEDS:
        raise RazorpayError("The selected speed is invalid.", field="speed")
    refund = Refund(
        payment=payment,
        amount=_amount_to_refund(payment, data.get("amount")),
        currency=payment.currency,
        speed_requested=speed,
        receipt=clean_text(data.get("receipt"), "receipt", MAX_RECEIPT),
        notes=clean_notes(data.get("notes")),
        created_at=clock.now(),
    )
    webhooks.announce(_open(refund))
    if idempotency is not None:
        idempotency.refund = refund
        idempotency.save(update_fields=["refund"])
    return refund


def _amount_to_refund(payment: Payment, asked: object) -> int:
    if payment.status == Payment.Status.REFUNDED:
        raise RazorpayError("The payment has been fully refunded already")
    if payment.status != Payment.Status.CAPTURED:
        raise RazorpayError("The payment status should be captured for action to be taken")
    if clock.now() > (payment.captured_at or payment.created_at) + REFUNDABLE_FOR:
        raise RazorpayError("Refund is not supported by the bank because the payment is more than 6 months old")
    amount = payment.refundable if asked is None else clean_amount(asked, payment.currency)
    if amount > payment.amount:
        raise RazorpayError("The refund amount provided is greater than amount captured", field="amount")
    if amount > payment.refundable:
        raise RazorpayError("The total refund amount is greater than the refund payment amount", field="amount")
    if State.load().balance_empty:
        raise RazorpayError("Your account does not have enough balance to carry out the refund operation.")
    return amount


def _open(refund: Refund) -> list[Announcement]:
    """Money is set aside at once; how it ends is the sandbox's switch."""
    payment = refund.payment
    refund.save()
    payment.amount_refunded += refund.amount
    if payment.refundable == 0:
        payment.status = Payment.Status.REFUNDED
    payment.save(update_fields=["amount_refunded", "status"])
    balance.record_refund(refund)
    announcements = [webhooks.refund_event("refund.created", refund)]
    outcome = State.load().refund_outcome
    if outcome == State.RefundOutcome.PROCESSED:
        return announcements + _process(refund)
    if outcome == State.RefundOutcome.FAILED:
        return announcements + _fail(refund)
    return announcements


def release_payment(payment: Payment) -> list[Announcement]:
    """Give back an authorised payment that will not be captured."""
    payment.release_at = None
    payment.save(update_fields=["release_at"])
    refund = Refund(
        payment=payment,
        amount=payment.amount,
        currency=payment.currency,
        created_at=clock.now(),
    )
    return _open(refund)


@transaction.atomic
def process_refund(*, refund_id: str) -> Refund:
    refund = _get_pending(refund_id)
    webhooks.announce(_process(refund))
    return refund


@transaction.atomic
def fail_refund(*, refund_id: str) -> Refund:
    refund = _get_pending(refund_id)
    webhooks.announce(_fail(refund))
    return refund


@transaction.atomic
def slow_refund(*, refund_id: str) -> Refund:
    """An instant refund that the bank can't do at once goes on at normal speed."""
    refund = _get_pending(refund_id)
    if refund.speed_requested != "optimum" or refund.is_slowed:
        raise RazorpayError("The refund has normal speed already.")
    refund.is_slowed = True
    refund.save(update_fields=["is_slowed"])
    webhooks.announce([webhooks.refund_event("refund.speed_changed", refund)])
    return refund


def _get_pending(refund_id: str) -> Refund:
    refund = get_refund(refund_id)
    if refund.status != Refund.Status.PENDING:
        raise RazorpayError(f"The refund is already {refund.status}.")
    return refund


def _process(refund: Refund) -> list[Announcement]:
    refund.status = Refund.Status.PROCESSED
    refund.arn = identifiers.random_digits(23)
    refund.save(update_fields=["status", "arn"])
    return [webhooks.refund_event("refund.processed", refund)]


def _fail(refund: Refund) -> list[Announcement]:
    """The money is the merchant's again, and can be refunded anew."""
    refund.status = Refund.Status.FAILED
    refund.save(update_fields=["status"])
    payment = refund.payment
    payment.amount_refunded -= refund.amount
    if payment.status == Payment.Status.REFUNDED:
        payment.status = Payment.Status.CAPTURED if payment.captured else Payment.Status.AUTHORIZED
    payment.save(update_fields=["amount_refunded", "status"])
    balance.reverse_refund(refund)
    return [webhooks.refund_event("refund.failed", refund)]
