"""Creating orders."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from billing_platform.local.razorpay import clock, webhooks
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.models import Order, State
from billing_platform.local.razorpay.services import mandate_terms
from billing_platform.local.razorpay.validation import (
    clean_amount,
    clean_boolean,
    clean_currency,
    clean_integer,
    clean_notes,
    clean_object,
    clean_text,
    reject_unexpected,
    require,
)

OPTIONS = ("customer_id", "method", "token", "notification", "offer_id")
FIELDS = (
    "amount",
    "currency",
    "receipt",
    "notes",
    "partial_payment",
    "first_payment_min_amount",
    "payment_capture",
    "payment",
    *OPTIONS,
)
MAX_RECEIPT = 40
MIN_AUTOMATIC_EXPIRY, MAX_MANUAL_EXPIRY = 12, 7200


@transaction.atomic
def create_order(*, data: JSON) -> Order:
    reject_unexpected(data, FIELDS)
    require(data, "amount", "currency")
    currency = clean_currency(data["currency"])
    amount = _clean_order_amount(data, currency)
    receipt = clean_text(data.get("receipt"), "receipt", MAX_RECEIPT)
    _check_limits(amount, receipt)
    options = mandate_terms.clean_options(data, OPTIONS)
    mandate_terms.check_amount(options, amount, currency)
    order = Order(
        amount=amount,
        currency=currency,
        receipt=receipt,
        notes=clean_notes(data.get("notes")),
        options=options,
        created_at=clock.now(),
        **_partial_payment(data, amount, currency),
        **_capture_settings(data),
    )
    order.save()
    if "notification" in options:
        webhooks.announce([webhooks.notification_event(order)])
    return order


def _clean_order_amount(data: JSON, currency: str) -> int:
    if mandate_terms.is_mandate_without_payment(data):
        return clean_integer(data["amount"], "amount")
    return clean_amount(data["amount"], currency)


def _check_limits(amount: int, receipt: str | None) -> None:
    state = State.load()
    if state.max_amount is not None and amount > state.max_amount:
        raise RazorpayError("Amount exceeds maximum amount allowed", field="amount")
    if state.unique_receipts and receipt and Order.objects.filter(receipt=receipt).exists():
        raise RazorpayError("The receipt has to be unique.", field="receipt")


def _partial_payment(data: JSON, amount: int, currency: str) -> dict[str, Any]:
    allowed = clean_boolean(data.get("partial_payment"), "partial_payment", default=False)
    least = data.get("first_payment_min_amount")
    if least is None:
        return {"partial_payment": allowed}
    if not allowed:
        raise RazorpayError(
            "first_payment_min_amount is/are not required and should not be sent",
            field="first_payment_min_amount",
        )
    least = clean_amount(least, currency, "first_payment_min_amount")
    if least > amount:
        raise RazorpayError(
            "The first_payment_min_amount may not be greater than the amount.",
            field="first_payment_min_amount",
        )
    return {"partial_payment": True, "first_payment_min_amount": least}


def _capture_settings(data: JSON) -> dict[str, Any]:
    """`payment.capture` rules; `payment_capture` is its older form; otherwise automatic."""
    rules = clean_object(data.get("payment"), "payment")
    if not rules:
        automatic = clean_boolean(data.get("payment_capture"), "payment_capture", default=True)
        return {"automatic_capture": automatic}
    capture = rules.get("capture")
    if capture not in ("automatic", "manual"):
        raise RazorpayError("The selected capture is invalid.", field="capture")
    settings: dict[str, Any] = {"automatic_capture": capture == "automatic"}
    options = clean_object(rules.get("capture_options"), "capture_options")
    if capture == "automatic":
        require(options, "automatic_expiry_period")
    if "automatic_expiry_period" in options:
        minutes = clean_integer(options["automatic_expiry_period"], "automatic_expiry_period")
        if minutes < MIN_AUTOMATIC_EXPIRY:
            raise RazorpayError(
                f"The automatic_expiry_period must be at least {MIN_AUTOMATIC_EXPIRY}.",
                field="automatic_expiry_period",
            )
        settings["automatic_expiry_minutes"] = minutes
    if options.get("manual_expiry_period") is not None:
        minutes = clean_integer(options["manual_expiry_period"], "manual_expiry_period")
        if minutes > MAX_MANUAL_EXPIRY:
            raise RazorpayError(
                f"The manual_expiry_period may not be greater than {MAX_MANUAL_EXPIRY}.",
                field="manual_expiry_period",
            )
        settings["manual_expiry_minutes"] = minutes
    return settings
