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
    if method == "emandate":
        return {"bank": "HDFC", "acquirer_data": {}}
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


def describe_mandate(method: str, terms: JSON) -> JSON:
    """What a token shows of the card, UPI address or account that will be debited."""
    if method == "upi":
        return {"vpa": {"username": "success", "handle": "razorpay", "name": None}}
    if method == "card":
        flows = {"otp": True, "recurring": True, "iframe": False}
        return {"card": _card()["card"] | {"expiry_month": "01", "expiry_year": "2099", "flows": flows}}
    account = terms.get("bank_account") or {}
    return {
        "bank": "HDFC",
        "bank_details": {
            "beneficiary_name": account.get("beneficiary_name", "Sandbox payer"),
            "account_number": account.get("account_number", "1121431121541121"),
            "ifsc": account.get("ifsc_code", "HDFC0000001"),
            "account_type": account.get("account_type", "savings"),
        },
    }
