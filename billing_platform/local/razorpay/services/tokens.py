"""The life of a mandate: asked for, confirmed or rejected, paused, cancelled."""

from __future__ import annotations

from django.db import transaction

from billing_platform.local.razorpay import clock, instruments, mandate_rules, webhooks
from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.lookup import get_customer, get_token
from billing_platform.local.razorpay.models import Order, State, Token
from billing_platform.local.razorpay.webhooks import Announcement

REJECTED_BY_BANK = "Rejected by bank"
Status = Token.Status


def open_token(order: Order, method: str) -> Token:
    """The mandate that an authorisation payment asks for."""
    terms = order.options["token"]
    wanted = order.options.get("method")
    if method not in mandate_rules.METHODS or (wanted and method != wanted):
        raise RazorpayError("The selected method is invalid.", field="method")
    return Token.objects.create(
        customer=get_customer(order.options["customer_id"]),
        order=order,
        method=method,
        max_amount=terms["max_amount"],
        frequency=terms["frequency"],
        auth_type=terms.get("auth_type"),
        instrument=instruments.describe_mandate(method, terms),
        created_at=clock.now(),
        expires_at=terms["expire_at"],
    )


def answer_request(token: Token, outcome: str = "") -> list[Announcement]:
    """The payer's bank answers as told, or as the sandbox's switch says; `initiated` leaves it waiting."""
    outcome = outcome or State.load().mandate_outcome
    if outcome not in State.MandateOutcome.values:
        raise RazorpayError(f"mandate_outcome must be one of {', '.join(State.MandateOutcome.values)}")
    if outcome == State.MandateOutcome.CONFIRMED:
        return _become(token, Status.CONFIRMED)
    if outcome == State.MandateOutcome.REJECTED:
        return reject(token)
    return []


def reject(token: Token) -> list[Announcement]:
    token.failure_reason = REJECTED_BY_BANK
    return _become(token, Status.REJECTED)


def _become(token: Token, status: Token.Status) -> list[Announcement]:
    token.status = status
    if status == Status.CONFIRMED:
        token.failure_reason = None
        token.used_at = clock.now()
    token.save()
    return [webhooks.token_event(token)]


@transaction.atomic
def confirm_token(*, token_id: str) -> Token:
    """The bank agrees, perhaps days later."""
    return _change(token_id, Status.CONFIRMED, (Status.INITIATED, Status.REJECTED))


@transaction.atomic
def reject_token(*, token_id: str) -> Token:
    token = _in_status(token_id, Status.REJECTED, (Status.INITIATED,))
    webhooks.announce(reject(token))
    return token


@transaction.atomic
def pause_token(*, token_id: str) -> Token:
    """The payer stops a UPI mandate for a while, in the UPI app."""
    if get_token(token_id).method != "upi":
        raise RazorpayError("Only UPI mandates can be paused.")
    return _change(token_id, Status.PAUSED, (Status.CONFIRMED,))


@transaction.atomic
def resume_token(*, token_id: str) -> Token:
    return _change(token_id, Status.CONFIRMED, (Status.PAUSED,))


@transaction.atomic
def cancel_token(*, token_id: str) -> Token:
    """The payer, or the merchant over the API, ends the mandate."""
    return _change(token_id, Status.CANCELLED, (Status.CONFIRMED, Status.PAUSED))


@transaction.atomic
def delete_token(*, token_id: str) -> None:
    token = get_token(token_id)
    if token.status in (Status.CONFIRMED, Status.PAUSED):
        webhooks.announce(_become(token, Status.CANCELLED))
    token.deleted_at = clock.now()
    token.save(update_fields=["deleted_at"])


def _change(token_id: str, status: Token.Status, allowed: tuple[Token.Status, ...]) -> Token:
    token = _in_status(token_id, status, allowed)
    webhooks.announce(_become(token, status))
    return token


def _in_status(token_id: str, status: Token.Status, allowed: tuple[Token.Status, ...]) -> Token:
    token = get_token(token_id)
    if token.status not in allowed:
        raise RazorpayError(f"A token that is {token.status} cannot become {status}.")
    return token
