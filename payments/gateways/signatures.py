"""What proves that a message came from Razorpay: HMAC-SHA256 over exactly these bytes, compared in constant time."""

from __future__ import annotations

from collections.abc import Iterable

from billing_platform.lib import hmac_signatures


def confirms_webhook(*, body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether Razorpay signed these raw bytes with one of the webhook's secrets, which are not the API's."""
    return hmac_signatures.verify(body, signature, *secrets)


def confirms_checkout(order_id: str, payment_id: str, *, signature: str, key_secret: str) -> bool:
    """Whether Razorpay signed this pair: proves that the payment was authorised, not that it was captured."""
    return hmac_signatures.verify(f"{order_id}|{payment_id}".encode(), signature, key_secret)


def confirms_link(
    link_id: str, reference: str, status: str, payment_id: str, *, signature: str, key_secret: str
) -> bool:
    """Whether Razorpay signed the parameters with which a payer comes back from a payment link."""
    return hmac_signatures.verify(f"{link_id}|{reference}|{status}|{payment_id}".encode(), signature, key_secret)
