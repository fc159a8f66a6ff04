"""What the rest of payments knows of Razorpay's objects: plain values. Amounts are in minor units (paise, cents)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class GatewayOrder:
    id: str
    receipt: str
    amount_minor: int
    currency: str
    status: str


@dataclass(frozen=True)
class GatewayLink:
    id: str
    reference: str
    amount_minor: int
    currency: str
    status: str
    short_url: str
    order_id: str  # "" until a payer has opened the link


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed, in Razorpay's words."""

    code: str = ""
    description: str = ""
    source: str = ""
    step: str = ""
    reason: str = ""


@dataclass(frozen=True)
class GatewayPayment:
    """A report: the payment as it stood at one moment, possibly older than what we know. Times are UTC."""

    id: str
    order_id: str
    status: str
    is_captured: bool  # also of a payment that was refunded since
    method: str
    amount_minor: int
    currency: str
    amount_refunded_minor: int
    fee_minor: int | None
    tax_minor: int | None
    failure: Failure
    created_at: datetime


@dataclass(frozen=True)
class GatewayRefund:
    """A refund as it stood at one moment."""

    id: str
    payment_id: str
    status: str  # pending | processed | failed
    amount_minor: int
    created_at: datetime


@dataclass(frozen=True)
class PayerDetails:
    name: str
    email: str
