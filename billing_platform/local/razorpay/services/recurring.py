"""Debits of a mandate: asked for now, answered by the bank a day or two later."""

from __future__ import annotations

from django.db import transaction

from billing_platform.local.razorpay import clock, failures, instruments, mandate_rules, webhooks
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_customer, get_order, get_payment, get_token
from billing_platform.local.razorpay.models import Order, Payment, State, Token
from billing_platform.local.razorpay.services import payments
from billing_platform.local.razorpay.validation import (
    clean_amount,
    clean_boolean,
    clean_currency,
    clean_notes,
    clean_text,
    reject_unexpected,
    require,
)

REQUIRED = ("email", "contact", "amount", "currency", "order_id", "customer_id", "token", "recurring")
FIELDS = (*REQUIRED, "description", "notes")
UNDER_WAY = (Payment.Status.CREATED, Payment.Status.AUTHORIZED)
# What the bank says of a mandate that is no longer good.
NOT_GOOD = {
    Token.Status.PAUSED: "mandate_paused",
    Token.Status.CANCELLED: "mandate_cancelled",
    Token.Status.INITIATED: "mandate_not_active",
    Token.Status.REJECTED: "mandate_not_active",
}


@transaction.atomic
def create_recurring_payment(*, data: JSON) -> Payment:
    """A debit without the payer. The payment stays `created` until its bank answers."""
    reject_unexpected(data, FIELDS)
    require(data, *REQUIRED)
    if not clean_boolean(data["recurring"], "recurring", default=False):
        raise RazorpayError("The recurring field must be true.", field="recurring")
    currency = clean_currency(data["currency"])
    amount = clean_amount(data["amount"], currency)
    order, token = get_order(str(data["order_id"])), _token_of(data)
    _check_order(order, token, amount, currency)
    debit_at, approve_by = _times(order, token, amount)
    payment = payments.start_payment(
        order=order,
        amount=amount,
        method=token.method,
        instrument=instruments.describe(token.method),
        email=str(data["email"]),
        contact=str(data["contact"]),
        description=clean_text(data.get("description"), "description", 2048),
        notes=clean_notes(data.get("notes")),
        customer=token.customer,
        token=token,
        recurring=True,
        debit_at=debit_at,
        approve_by=approve_by,
    )
    token.used_at = clock.now()
    token.save(update_fields=["used_at"])
    return payment


def _token_of(data: JSON) -> Token:
    customer, token = get_customer(str(data["customer_id"])), get_token(str(data["token"]))
    if token.customer != customer or token.status == Token.Status.REJECTED:
        raise RazorpayError("The id provided does not exist", field="token")
    return token


def _check_order(order: Order, token: Token, amount: int, currency: str) -> None:
    if currency != "INR" or order.currency != "INR":
        raise RazorpayError(f"The currency should be INR when method is {token.method}", field="currency")
    if amount > token.max_amount:
        raise RazorpayError("Amount exceeds maximum amount allowed", field="amount")
    if order.status == Order.Status.PAID:
        raise RazorpayError(payments.ALREADY_PAID)
    if amount != order.amount_due:
        raise RazorpayError(payments.WRONG_AMOUNT, field="amount")
    if order.payments.filter(status__in=UNDER_WAY).exists():
        raise RazorpayError("Another payment of this order is still in progress.")
    notification = order.options.get("notification")
    if notification is None:
        return
    if notification["token_id"] != token.public_id:
        raise RazorpayError("The token_id of the notification is of another token.", field="token")
    if notification["status"] != "delivered":
        raise RazorpayError("The pre-debit notification of this order was not delivered.")


def _times(order: Order, token: Token, amount: int) -> tuple[int, int | None]:
    """When the bank answers; and, above the limit, until when the payer may approve."""
    now, state = clock.now(), State.load()
    if mandate_rules.needs_approval(token.method, amount):
        approve_by = now + mandate_rules.APPROVAL_LASTS
        return approve_by, approve_by
    if state.recurring_after_seconds is not None:
        return now + state.recurring_after_seconds, None
    notification = order.options.get("notification")
    notified_at = notification["delivered_at"] if notification else now
    after = notification["payment_after"] if notification else None
    return max(now, mandate_rules.debit_time(token.method, notified_at, after)), None


@transaction.atomic
def approve_debit(*, payment_id: str) -> Payment:
    """The payer authenticates a debit above the limit: the money moves at once."""
    payment = _get_waiting(payment_id)
    if payment.approve_by is None:
        raise RazorpayError("This debit needs no approval.")
    payment.approve_by = None
    _decide(payment, State.RecurringOutcome.CAPTURED)
    return payment


@transaction.atomic
def end_debit(*, payment_id: str, outcome: str = "", reason: str = "") -> Payment:
    """The bank answers: as told, or as the sandbox's switch says."""
    payment, state = _get_waiting(payment_id), State.load()
    _decide(payment, outcome or state.recurring_outcome, reason or state.recurring_reason)
    return payment


def _get_waiting(payment_id: str) -> Payment:
    payment = get_payment(payment_id)
    if not payment.recurring or payment.status != Payment.Status.CREATED:
        raise RazorpayError("This is not a debit that waits for its bank.")
    return payment


def _decide(payment: Payment, outcome: str, reason: str = "") -> None:
    if outcome not in State.RecurringOutcome.values:
        raise RazorpayError(f"outcome must be one of {', '.join(State.RecurringOutcome.values)}", field="outcome")
    refusal = _why_bank_refuses(payment)
    payment.debit_at = None
    if outcome == State.RecurringOutcome.PENDING and not refusal:
        payment.save(update_fields=["debit_at"])
    elif refusal or outcome == State.RecurringOutcome.FAILED:
        webhooks.announce(payments.fail(payment, refusal or reason))
    else:
        webhooks.announce(payments.succeed(payment, capture=payment.order.automatic_capture))


def _why_bank_refuses(payment: Payment) -> str:
    """A mandate ended, paused or used up since the debit was asked for; or nobody approved it."""
    token = payment.token
    assert token is not None
    if clock.now() > token.expires_at:
        return "mandate_expired"
    if token.status in NOT_GOOD:
        return NOT_GOOD[Token.Status(token.status)]
    if payment.approve_by is not None:
        return failures.TIMED_OUT
    return "mandate_current_cycle_allowed_debit_exceeds" if _is_cycle_used_up(payment, token) else ""


def _is_cycle_used_up(payment: Payment, token: Token) -> bool:
    """A UPI mandate pays once in each of its periods."""
    cycle = mandate_rules.cycle(token.frequency, clock.now())
    if token.method != "upi" or cycle is None:
        return False
    earlier = token.payments.filter(recurring=True, captured=True).exclude(pk=payment.pk)
    dates = earlier.values_list("captured_at", flat=True)
    return any(mandate_rules.cycle(token.frequency, date) == cycle for date in dates if date is not None)
