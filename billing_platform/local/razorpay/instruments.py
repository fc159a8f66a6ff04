"""Plausible details of the card, bank, wallet or UPI address a payment was made with."""

from __future__ import annotations

from billing_platform.local.razorpay import identifiers
from billing_platform.local.razorpay.errors import JSON, RazorpayError

METHODS = ("upi", "card", "netbanking", "wallet")


def describe(method: str) -> JSON:
    if method == "upi":
        return _upi()
    if method == "card":
        return _card()
    if method == "netbanking":
        bank_reference = identifiers.random_digits(10)
        return {"bank": "HDFC", "acquirer_data": {"bank_transaction_id": bank_reference}}
    if method == "wallet":
        return {"wallet": "mobikwik", "acquirer_data": {"transaction_id": None}}
    raise RazorpayError("The selected method is invalid.", field="method")


def _upi() -> JSON:
    address = "success@razorpay"
    return {
        "vpa": address,
        "upi": {"payer_account_type": "bank_account", "vpa": address, "flow": "intent"},
        "acquirer_data": {
            "rrn": identifiers.random_digits(12),
            "upi_transaction_id": identifiers.random_text(32).upper(),
        },
    }


def _card() -> JSON:
    return {
        "card": {
            "id": identifiers.new_id("card"),
            "entity": "card",
            "name": "",
            "last4": "1007",
            "network": "Visa",
            "type": "debit",
            "issuer": None,
            "international": False,
            "emi": False,
            "sub_type": "consumer",
            "token_iin": None,
        },
        "acquirer_data": {
            "auth_code": identifiers.random_digits(6),
            "rrn": identifiers.random_digits(12),
        },
    }
