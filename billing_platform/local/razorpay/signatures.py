"""The three HMAC-SHA256 signatures Razorpay makes."""

from __future__ import annotations

import hashlib
import hmac


def sign(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def sign_checkout(order_id: str, payment_id: str, secret: str) -> str:
    return sign(f"{order_id}|{payment_id}".encode(), secret)


def sign_payment_link(link_id: str, reference_id: str, status: str, payment_id: str, secret: str) -> str:
    return sign(f"{link_id}|{reference_id}|{status}|{payment_id}".encode(), secret)


def sign_webhook(body: bytes, secret: str) -> str:
    return sign(body, secret)
