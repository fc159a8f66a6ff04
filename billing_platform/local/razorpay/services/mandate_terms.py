"""The `token` and `notification` objects of an order, checked in Razorpay's words."""

from __future__ import annotations

from billing_platform.local.razorpay import clock, identifiers, mandate_rules
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_customer, get_token
from billing_platform.local.razorpay.models import State
from billing_platform.local.razorpay.validation import clean_integer, clean_object, require

TERMS = (
    "max_amount", "expire_at", "frequency", "recurring_value", "recurring_type", "auth_type", "bank_account",
    "first_payment_amount", "notes",
)  # fmt: skip


def clean_options(data: JSON, names: tuple[str, ...]) -> JSON:
    """The optional parts of an order, as they are stored."""
    options = {name: data[name] for name in names if data.get(name) is not None}
    if "customer_id" in options:
        get_customer(str(options["customer_id"]))
    if "token" in options:
        options["token"] = _clean_terms(data, str(options.get("method") or ""))
    if "notification" in options:
        options["notification"] = _notify(options["notification"])
    return options


def is_mandate_without_payment(data: JSON) -> bool:
    """A bank mandate is registered by an order of nothing."""
    return data.get("method") == "emandate" and data.get("token") is not None


def check_amount(options: JSON, amount: int, currency: str) -> None:
    """An authorisation payment within the limits of its mandate."""
    if "token" not in options:
        return
    method, terms = options.get("method"), options["token"]
    if currency != "INR":
        raise RazorpayError(f"The currency should be INR when method is {method or 'upi'}", field="currency")
    if method == "emandate" and amount != 0:
        raise RazorpayError("The amount must be 0 for emandate.", field="amount")
    if amount > terms["max_amount"]:
        raise RazorpayError(
            "The order amount cannot be greater than the token max amount for upi recurring", field="amount"
        )


def _clean_terms(data: JSON, method: str) -> JSON:
    terms = clean_object(data["token"], "token")
    require(data, "customer_id")
    if method and method not in mandate_rules.METHODS:
        raise RazorpayError("The selected method is invalid.", field="method")
    unknown = sorted(set(terms) - set(TERMS))
    if unknown:
        raise RazorpayError(f"{', '.join(unknown)} is/are not required and should not be sent")
    if method != "emandate":
        require(terms, "max_amount")
    most = mandate_rules.MAX_AMOUNTS[method or "upi"]
    terms["max_amount"] = clean_integer(terms.get("max_amount", most), "max_amount")
    if not mandate_rules.LEAST_AMOUNT <= terms["max_amount"] <= most:
        raise RazorpayError(
            f"The max_amount must be between {mandate_rules.LEAST_AMOUNT} and {most}.", field="max_amount"
        )
    terms["expire_at"] = _clean_expiry(terms.get("expire_at"))
    terms["frequency"] = _one_of(terms, "frequency", mandate_rules.FREQUENCIES, "as_presented")
    if "recurring_type" in terms:
        _one_of(terms, "recurring_type", mandate_rules.RECURRING_TYPES, "on")
    if method == "emandate":
        terms["auth_type"] = _one_of(terms, "auth_type", mandate_rules.AUTH_TYPES, "netbanking")
    return terms


def _one_of(terms: JSON, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = terms.get(name, default)
    if value not in allowed:
        raise RazorpayError(f"The selected {name} is invalid.", field=name)
    return str(value)


def _clean_expiry(value: object) -> int:
    now = clock.now()
    if value is None:
        return now + mandate_rules.DEFAULT_LIFE
    expiry = clean_integer(value, "expire_at")
    if not now < expiry <= now + mandate_rules.LONGEST_LIFE:
        raise RazorpayError("The expire_at must be in the future and within 30 years.", field="expire_at")
    return expiry


def _notify(asked: object) -> JSON:
    """The notice before a debit: it goes out with the order."""
    notification = clean_object(asked, "notification")
    require(notification, "token_id")
    get_token(str(notification["token_id"]))
    now = clock.now()
    after = notification.get("payment_after")
    delivered = State.load().notification_outcome == State.NotificationOutcome.DELIVERED
    return {
        "id": identifiers.new_notification_id(),
        "token_id": notification["token_id"],
        "payment_after": now + mandate_rules.DEBIT_AFTER["upi"]
        if after is None
        else clean_integer(after, "payment_after"),
        "status": "delivered" if delivered else "failed",
        "delivered_at": now if delivered else None,
    }
