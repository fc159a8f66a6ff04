"""Razorpay-shaped identifiers: a prefix and fourteen letters or digits."""

from __future__ import annotations

import re
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTH = 14
ACCOUNT_ID = "acc_SandboxAccount"


def random_text(length: int = LENGTH) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def random_digits(length: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(length))


def new_id(prefix: str) -> str:
    return f"{prefix}_{random_text()}"


def new_order_id() -> str:
    return new_id("order")


def new_payment_id() -> str:
    return new_id("pay")


def new_refund_id() -> str:
    return new_id("rfnd")


def new_payment_link_id() -> str:
    return new_id("plink")


def new_customer_id() -> str:
    return new_id("cust")


def new_token_id() -> str:
    return new_id("token")


def new_invoice_id() -> str:
    return new_id("inv")


def new_notification_id() -> str:
    return new_id("notification")


def new_dispute_id() -> str:
    return new_id("disp")


def new_document_id() -> str:
    return new_id("doc")


def new_settlement_id() -> str:
    return new_id("setl")


def new_adjustment_id() -> str:
    return new_id("adj")


def is_valid(value: str, prefix: str) -> bool:
    return re.fullmatch(rf"{prefix}_[A-Za-z0-9]{{{LENGTH}}}", value) is not None
