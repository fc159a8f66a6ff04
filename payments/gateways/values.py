"""What the rest of payments knows of Razorpay's objects: plain values.

Amounts are in minor units (paise, cents), times are UTC. Each value is a report: how things stood at one moment,
possibly older than what we know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class GatewayOrder:
    id: str
    receipt: str
    amount_minor: int
    currency: str
    status: str  # created | attempted | paid; stays paid after refunds


@dataclass(frozen=True)
class GatewayLink:
    id: str
    reference: str
    amount_minor: int
    currency: str
    status: str  # created | partially_paid | paid | cancelled | expired
    short_url: str
    order_id: str  # "" until a payer has opened the link
    amount_paid_minor: int = 0
    expires_at: datetime | None = None


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
    id: str
    order_id: str
    status: str
    is_captured: bool  # also of a payment that was refunded since
    method: str
    amount_minor: int
    currency: str
    amount_refunded_minor: int
    fee_minor: int | None  # contains tax_minor, the GST on the fee
    tax_minor: int | None
    failure: Failure
    created_at: datetime
    customer_id: str = ""
    token_id: str = ""  # the mandate that it registered, or that it was charged to
    bank_reference: str = ""  # UTR or RRN
    payer_bears_fee: bool = False  # False also where Razorpay doesn't say


@dataclass(frozen=True)
class GatewayRefund:
    id: str
    payment_id: str
    status: str  # pending | processed | failed
    amount_minor: int
    created_at: datetime
    currency: str = ""
    bank_reference: str = ""  # ARN, RRN or UTR; comes days later
    receipt: str = ""  # our own number, if it was asked for here


@dataclass(frozen=True)
class PayerDetails:
    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True)
class GatewayCustomer:
    id: str
    name: str
    email: str
    phone: str


@dataclass(frozen=True)
class MandateTerms:
    """What a payer is asked to agree to. `account` is for e-mandates: the names of Razorpay's `bank_account`."""

    method: str  # upi | card | emandate
    max_amount_minor: int
    expires_at: datetime
    frequency: str = "as_presented"
    auth_type: str = ""  # of an e-mandate: netbanking | debitcard | aadhaar
    account: Mapping[str, str] | None = None

    def as_token(self) -> dict[str, Any]:
        """As Razorpay's orders spell it. An e-mandate has no frequency there, and alone a bank account."""
        terms: dict[str, Any] = {"max_amount": self.max_amount_minor, "expire_at": int(self.expires_at.timestamp())}
        if self.method != "emandate":
            return {**terms, "frequency": self.frequency}
        more = {"auth_type": self.auth_type, "bank_account": dict(self.account or {})}
        return {**terms, **{name: value for name, value in more.items() if value}}


@dataclass(frozen=True)
class GatewayRegistration:
    """A link through which a payer registers a mandate: an invoice of Razorpay's, with an order of its own."""

    id: str
    receipt: str
    order_id: str
    customer_id: str
    payment_id: str
    status: str  # issued | paid | cancelled | expired
    short_url: str


@dataclass(frozen=True)
class GatewayToken:
    """A mandate: the payer's agreement to recurring charges."""

    id: str
    customer_id: str  # "" in messages and lists, which leave it out
    method: str
    status: str  # initiated | confirmed | rejected | cancelled | paused | cancellation_initiated, or "" of a saved card
    failure_reason: str
    max_amount_minor: int | None
    expires_at: datetime | None
    shown_as: str  # for people: "Visa ending in 1007", "a***@upi", "HDFC account ending in 1234"
    created_at: datetime

    @property
    def is_confirmed(self) -> bool:
        return self.status == "confirmed"


@dataclass(frozen=True)
class GatewayPayout:
    """One transfer to the seller's bank. Its fees are those of the transfer: payments bear theirs (`ReconRow`)."""

    id: str
    amount_minor: int
    status: str  # created | processed | failed
    fees_minor: int
    tax_minor: int
    utr: str
    created_at: datetime


@dataclass(frozen=True)
class ReconRow:
    """One movement of the account at Razorpay: Σ credit − Σ debit of a payout is its amount."""

    entity_id: str
    type: str  # payment | refund | transfer | adjustment
    payment_id: str  # the payment itself, or the one that a refund belongs to
    order_id: str
    dispute_id: str
    payout_id: str
    utr: str
    amount_minor: int
    credit_minor: int
    debit_minor: int
    fee_minor: int  # contains tax_minor
    tax_minor: int
    currency: str
    description: str
    is_on_hold: bool
    is_paid_out: bool
    created_at: datetime
    paid_out_at: datetime | None


@dataclass(frozen=True)
class GatewayDispute:
    id: str
    payment_id: str
    amount_minor: int
    currency: str
    amount_deducted_minor: int  # 0 until it is lost
    reason_code: str
    reason: str
    phase: str  # fraud | retrieval | chargeback | pre_arbitration | arbitration
    status: str  # open | under_review | won | lost | closed
    respond_by: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class GatewayDowntime:
    """A way to pay that is down, at Razorpay or at the payers' banks."""

    id: str
    way: str  # for people: "UPI", "net banking (HDFC)"
    severity: str  # high | medium | low
    status: str  # scheduled | started | updated | resolved | cancelled
    begins_at: datetime
    ends_at: datetime | None
    updated_at: datetime

    @property
    def is_over(self) -> bool:
        return self.status in ("resolved", "cancelled")

    def lasts(self, at: datetime) -> bool:
        return not self.is_over and self.begins_at <= at and (self.ends_at is None or self.ends_at > at)

    @property
    def in_words(self) -> str:
        if self.is_over:
            return f"Razorpay: payments by {self.way} work again."
        return f"Razorpay: payments by {self.way} may fail for now (severity {self.severity or 'not named'})."
