"""Why a payment can fail, as Razorpay reports it."""

from __future__ import annotations

from billing_platform.local.razorpay.errors import JSON, RazorpayError

DECLINED = "card_declined"
TIMED_OUT = "payment_timed_out"
CANCELLED = "payment_cancelled"

_BAD_REQUEST = "BAD_REQUEST_ERROR"
_GATEWAY = "GATEWAY_ERROR"
_AT_BANK = ("bank", "payment_authorization")
_AT_CUSTOMER = ("customer", "payment_authorization")
_AT_AUTHENTICATION = ("customer", "payment_authentication")
# reason: (code, description, (source, step))
PAYER_REASONS = {
    DECLINED: (_BAD_REQUEST, "Your payment was declined by the bank. Try another payment method.", _AT_BANK),
    "insufficient_fund": (
        _BAD_REQUEST,
        "Your payment could not be completed due to insufficient account balance.",
        _AT_CUSTOMER,
    ),
    CANCELLED: (
        _BAD_REQUEST,
        "Your payment has been cancelled. Try again or complete the payment later.",
        _AT_AUTHENTICATION,
    ),
    TIMED_OUT: (_BAD_REQUEST, "Your payment was not completed on time. Try again.", _AT_AUTHENTICATION),
    "card_disabled_for_online_payments": (
        _BAD_REQUEST,
        "Your card is not enabled for online payments. Try another card.",
        _AT_CUSTOMER,
    ),
    "card_number_invalid": (_BAD_REQUEST, "Your card number is not valid. Try again.", _AT_CUSTOMER),
    "authentication_failed": (
        _GATEWAY,
        "Your payment could not be completed as the bank could not authenticate you.",
        _AT_AUTHENTICATION,
    ),
    "gateway_technical_error": (
        _GATEWAY,
        "Your payment could not be completed due to a temporary technical issue.",
        ("gateway", "payment_authorization"),
    ),
}
# What banks say of the debits of a mandate.
DEBIT_REASONS = {
    "insufficient_funds": (_BAD_REQUEST, "Transaction failed due to insufficient funds.", _AT_CUSTOMER),
    "bank_technical_error": (_GATEWAY, "Payment was unsuccessful as it was declined by your bank.", _AT_BANK),
    "limit_exceeded_remitting_bank": (
        _BAD_REQUEST,
        "Limit exceeded for remitter bank. Please ask customer to try with another bank account.",
        _AT_BANK,
    ),
    "bank_account_invalid": (
        _BAD_REQUEST,
        "Payment failed because Account linked to VPA is invalid.",
        _AT_CUSTOMER,
    ),
    "debit_declined": (_BAD_REQUEST, "Payment was unsuccessful as it was declined by remitter bank.", _AT_BANK),
    "debit_instrument_blocked": (
        _BAD_REQUEST,
        "Payment was unsuccessful as the account linked to this UPI ID is blocked. Try using another account.",
        _AT_CUSTOMER,
    ),
    "invalid_token": (_BAD_REQUEST, "Invalid Token.", ("business", "payment_initiation")),
    "mandate_cancelled": (
        _BAD_REQUEST,
        "UPI mandate created for payment has been cancelled by user.",
        _AT_CUSTOMER,
    ),
    "mandate_expired": (_BAD_REQUEST, "UPI Mandate is expired.", _AT_CUSTOMER),
    "mandate_not_active": (_BAD_REQUEST, "UPI mandate is not active.", _AT_CUSTOMER),
    "mandate_paused": (_BAD_REQUEST, "UPI mandate is not active, it is paused by user.", _AT_CUSTOMER),
    "mandate_current_cycle_allowed_debit_exceeds": (_BAD_REQUEST, "Mandate is already honoured.", _AT_CUSTOMER),
    "mandate_debit_beyond_psp_amount_cap": (
        _BAD_REQUEST,
        "Debit amount is beyond payer PSP specified amount cap. Please reduce the amount and try again.",
        _AT_CUSTOMER,
    ),
    "mobile_number_invalid": (
        _BAD_REQUEST,
        "Registered Mobile number linked to the account has been changed or removed.",
        _AT_CUSTOMER,
    ),
    "payer_account_has_changed": (
        _BAD_REQUEST,
        "Payer account linked to the customer's VPA has changed. Please request the customer to either change it to"
        " the bank account used during mandate registration or register a new mandate for them.",
        _AT_CUSTOMER,
    ),
}
_REASONS = PAYER_REASONS | DEBIT_REASONS


def describe(reason: str) -> JSON:
    if reason not in _REASONS:
        raise RazorpayError(f"reason must be one of {', '.join(sorted(_REASONS))}", field="reason")
    code, description, (source, step) = _REASONS[reason]
    return {
        "code": code,
        "description": description,
        "source": source,
        "step": step,
        "reason": reason,
    }
