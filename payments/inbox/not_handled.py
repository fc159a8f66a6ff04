"""Messages that lead to no action, and why: stored on the message, for operators."""

from __future__ import annotations

_WHY = {
    "invoice": "It is about an invoice of Razorpay's own, which is not used here.",
    "virtual_account": "Bank accounts of Razorpay's Smart Collect are not used here.",
    "qr_code": "QR codes of Razorpay's own are not used here.",
    "subscription": "Subscriptions of Razorpay's own are not used here.",
    "transfer": "Transfers to other merchants are not used here.",
    "account": "It is about the account at Razorpay, not about money.",
    "fund_account": "It is about the account at Razorpay, not about money.",
}
"""By the first word of the type."""


def why_not_handled(event_type: str) -> str:
    """Why a message of a type that has no verb leads to no action, in one sentence."""
    unknown = "This type of message is unknown: it is stored, and leads to no action."
    return _WHY.get(event_type.partition(".")[0], unknown)
