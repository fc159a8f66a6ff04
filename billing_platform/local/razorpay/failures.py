"""Why a payment can fail, as Razorpay reports it."""

from __future__ import annotations

from billing_platform.local.razorpay.errors import JSON, RazorpayError

DECLINED = "card_declined"
TIMED_OUT = "payment_timed_out"

_BAD_REQUEST = "BAD_REQUEST_ERROR"
_GATEWAY = "GATEWAY_ERROR"
_REASONS = {
    DECLINED: (
        _BAD_REQUEST,
        "Your payment was declined by the bank. Try another payment method.",
        "bank",
        "payment_authorization",
    ),
    "insufficient_fund": (
        _BAD_REQUEST,
        "Your payment could not be completed due to insufficient account balance.",
        "customer",
        "payment_authorization",
    ),
    "payment_cancelled": (
        _BAD_REQUEST,
        "Your payment has been cancelled. Try again or complete the payment later.",
        "customer",
        "payment_authentication",
    ),
    TIMED_OUT: (
        _BAD_REQUEST,
        "Your payment was not completed on time. Try again.",
        "customer",
        "payment_authentication",
    ),
    "authentication_failed": (
        _GATEWAY,
        "Your payment could not be completed as the bank could not authenticate you.",
        "customer",
        "payment_authentication",
    ),
    "gateway_technical_error": (
        _GATEWAY,
        "Your payment could not be completed due to a temporary technical issue.",
        "gateway",
        "payment_authorization",
    ),
}


def describe(reason: str) -> JSON:
    if reason not in _REASONS:
        raise RazorpayError(f"reason must be one of {', '.join(sorted(_REASONS))}", field="reason")
    code, description, source, step = _REASONS[reason]
    return {
        "code": code,
        "description": description,
        "source": source,
        "step": step,
        "reason": reason,
    }
