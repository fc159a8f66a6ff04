"""The life of a payment: attempted, authorised, captured, failed, and sometimes late."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from billing_platform.local.razorpay import clock, failures, instruments, webhooks
from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.fees import fee_and_tax
from billing_platform.local.razorpay.lookup import get_order, get_payment
from billing_platform.local.razorpay.models import Order, Payment, State
from billing_platform.local.razorpay.services import balance, payment_links, refunds, registration_links, tokens
from billing_platform.local.razorpay.validation import clean_amount
from billing_platform.local.razorpay.webhooks import Announcement

ALREADY_PAID = (
    "Your payment has been declined as the order is already paid. Please initiate the payment with a new order."
)
WRONG_AMOUNT = (
    "Your payment amount is different from your order amount. To pay successfully, please try using right amount."
)
PAYER_EMAIL = "void@razorpay.com"
PAYER_CONTACT = "+919000090000"


class Outcome(models.TextChoices):
    """What the payer's bank will say."""

    SUCCESS = "success"
    FAIL = "fail"
    LATE = "late"
    AUTHORIZE_ONLY = "authorize_only"
    PENDING = "pending"


@transaction.atomic
def pay_order(
    *,
    order_id: str,
    outcome: Outcome,
    method: str = "",
    amount: int | None = None,
    email: str = "",
    contact: str = "",
    reason: str = failures.DECLINED,
    mandate_outcome: str = "",
) -> Payment:
    """One attempt of a payer to pay an order, with the given outcome; empty ones follow the sandbox's switches."""
    order = get_order(order_id)
    method = method or order.options.get("method") or "upi"
    payment = _start_attempt(order, method, amount, email, contact)
    if outcome == Outcome.FAIL:
        webhooks.announce(fail(payment, reason))
    elif outcome == Outcome.LATE:
        late_after = State.load().late_after_seconds
        payment.late_at = clock.now() + late_after if late_after else None
        webhooks.announce(fail(payment, failures.TIMED_OUT))
    elif outcome != Outcome.PENDING:
        may_capture = outcome == Outcome.SUCCESS and order.automatic_capture
        webhooks.announce(succeed(payment, capture=may_capture, mandate_outcome=mandate_outcome))
    return payment


def _start_attempt(order: Order, method: str, amount: int | None, email: str, contact: str) -> Payment:
    refusal = _why_unpayable(order)
    if refusal:
        raise RazorpayError(refusal)
    if order.payments.filter(status=Payment.Status.AUTHORIZED).exists():
        raise RazorpayError("A payment of this order is already authorized.")
    asked = _amount_to_pay(order, amount)
    on_top = fee_and_tax(asked)[0] if State.load().fee_bearer_customer else 0
    token = tokens.open_token(order, method) if order.asks_for_mandate else None
    return start_payment(
        order=order,
        amount=asked + on_top,
        fee_on_top=on_top,
        method=method,
        instrument=instruments.describe(method),
        customer=token.customer if token else None,
        token=token,
        **_payer(order, email, contact),
    )


def _payer(order: Order, email: str, contact: str) -> dict[str, Any]:
    """Who pays and what for, as the page, the link or the mandate's customer tell."""
    link = order.link()
    known = link.customer if link else {}
    return {
        "email": email or known.get("email") or PAYER_EMAIL,
        "contact": contact or known.get("contact") or PAYER_CONTACT,
        "description": link.description if link else None,
        "notes": link.notes if link else {},
    }


def start_payment(*, order: Order, **details: Any) -> Payment:
    """A payment of the order that nobody has answered yet."""
    payment = Payment.objects.create(order=order, currency=order.currency, created_at=clock.now(), **details)
    order.attempts += 1
    if order.status == Order.Status.CREATED:
        order.status = Order.Status.ATTEMPTED
    order.save(update_fields=["attempts", "status"])
    return payment


def _why_unpayable(order: Order) -> str:
    """Razorpay's reason to decline a payment of this order; empty when it takes one."""
    if State.load().allow_overpayment:
        return ""
    link = order.link()
    if link is not None and not link.is_payable:
        return f"The payment link is {link.status}."
    closed = registration_links.why_closed(order)
    if closed:
        return closed
    return ALREADY_PAID if order.status == Order.Status.PAID else ""


def _amount_to_pay(order: Order, amount: int | None) -> int:
    due = order.amount_due or order.amount  # nothing due: an overpayment was allowed
    if amount is None or amount == due:
        return due
    if not order.partial_payment:
        raise RazorpayError(WRONG_AMOUNT, field="amount")
    least = order.first_payment_min_amount if order.amount_paid == 0 else None
    if amount > due or amount < (least or 0):
        raise RazorpayError("The partial payment amount is invalid.", field="amount")
    return clean_amount(amount, order.currency)


@transaction.atomic
def pay_for_something_else() -> Payment:
    """A payment of nobody's business: it heads the lists, and moves their rows to the next page."""
    order = Order.objects.create(amount=100, currency="INR", receipt="sandbox-other", created_at=clock.now())
    return pay_order(order_id=order.public_id, outcome=Outcome.SUCCESS)


@transaction.atomic
def late_authorize_payment(*, payment_id: str) -> Payment:
    """The bank found the money after all: failed is not the end of a payment."""
    payment = get_payment(payment_id)
    if payment.status not in (Payment.Status.CREATED, Payment.Status.FAILED):
        raise RazorpayError(f"A payment that is {payment.status} cannot be authorised late.")
    order = payment.order
    if _why_unpayable(order):
        webhooks.announce(_authorize(payment) + refunds.release_payment(payment))
    else:
        webhooks.announce(succeed(payment, capture=order.automatic_capture and _is_in_time(payment)))
    return payment


def _is_in_time(payment: Payment) -> bool:
    return clock.now() <= payment.created_at + payment.order.automatic_expiry_minutes * clock.MINUTE


@transaction.atomic
def fail_payment(*, payment_id: str, reason: str) -> Payment:
    payment = get_payment(payment_id)
    if payment.status != Payment.Status.CREATED:
        raise RazorpayError(f"A payment that is {payment.status} cannot fail.")
    webhooks.announce(fail(payment, reason))
    return payment


@transaction.atomic
def release_uncaptured_payment(*, payment_id: str) -> Payment:
    """Nobody captured it in time: the payer gets the money back."""
    payment = get_payment(payment_id)
    if payment.status == Payment.Status.AUTHORIZED:
        webhooks.announce(refunds.release_payment(payment))
    return payment


@transaction.atomic
def capture_payment(*, payment_id: str, amount: int, currency: str) -> Payment:
    payment = get_payment(payment_id)
    if payment.status == Payment.Status.CAPTURED:
        raise RazorpayError("This payment has already been captured")
    if payment.status != Payment.Status.AUTHORIZED:
        raise RazorpayError("Only payments which have been authorized and not yet captured can be captured")
    if payment.order.status == Order.Status.PAID and not State.load().allow_overpayment:
        raise RazorpayError(ALREADY_PAID)
    if amount != payment.amount:
        raise RazorpayError("Capture amount must be equal to the amount authorized", field="amount")
    if currency != payment.currency:
        raise RazorpayError("The currency must match that of the payment", field="currency")
    webhooks.announce(_capture(payment))
    return payment


def succeed(payment: Payment, *, capture: bool = True, mandate_outcome: str = "") -> list[Announcement]:
    """The payer's bank agrees; with the payment, a mandate that came with it goes to the bank."""
    announcements = _authorize(payment)
    if capture:
        announcements += _capture(payment)
    if payment.token is not None and not payment.recurring:
        announcements += tokens.answer_request(payment.token, mandate_outcome)
    return announcements


def _authorize(payment: Payment) -> list[Announcement]:
    payment.status = Payment.Status.AUTHORIZED
    payment.error = {}
    payment.late_at = None
    payment.release_at = clock.now() + payment.order.manual_expiry_minutes * clock.MINUTE
    payment.save()
    return [webhooks.payment_event("payment.authorized", payment)]


def _capture(payment: Payment) -> list[Announcement]:
    """Take the money, and say so once for each thing it settles."""
    payment.status = Payment.Status.CAPTURED
    payment.captured = True
    payment.captured_at = clock.now()
    payment.release_at = None
    for_order = payment.amount - payment.fee_on_top
    payment.fee, payment.tax = fee_and_tax(for_order)
    payment.save()
    order = payment.order
    order.amount_paid = min(order.amount_paid + for_order, order.amount)
    announcements = [webhooks.payment_event("payment.captured", payment)]
    if order.amount_due == 0:
        order.status = Order.Status.PAID
        announcements.append(webhooks.order_paid(payment, order))
    order.save(update_fields=["amount_paid", "status"])
    balance.record_capture(payment)
    return [*announcements, *payment_links.record_payment(payment), *registration_links.record_payment(payment)]


def fail(payment: Payment, reason: str) -> list[Announcement]:
    payment.status = Payment.Status.FAILED
    payment.error = failures.describe(reason)
    payment.save()
    announcements = [webhooks.payment_event("payment.failed", payment)]
    may_come_late = payment.late_at is not None
    if payment.token is not None and not payment.recurring and not may_come_late:
        announcements += tokens.reject(payment.token)
    return announcements
