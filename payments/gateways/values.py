"""What the rest of payments knows of a payment gateway: plain values, a handful of verbs, and one kind of error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing_platform.lib.errors import GatewayError


class GatewayRefused(GatewayError):
    """The gateway understood and said no: nothing happened there. `transient` if asking again later may help."""

    def __init__(self, message: str, *, transient: bool = False, http_status: int | None = None) -> None:
        super().__init__(message, ambiguous=False, details={"gateway_status": http_status})
        self.transient = transient


class GatewayUnclear(GatewayError):
    """No answer, or one that says nothing: it may have happened. Look up before trying again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ambiguous=True)


class GatewayNotConfigured(GatewayError):
    code = "GATEWAY_NOT_CONFIGURED"
    status = 409


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
    """Why an attempt failed, in the gateway's words."""

    code: str = ""
    description: str = ""
    source: str = ""
    step: str = ""
    reason: str = ""


@dataclass(frozen=True)
class GatewayPayment:
    """A payment as it stood at one moment: a report, possibly older than what we know."""

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


class Gateway(Protocol):
    """Every method makes one HTTP call with a time-out, never retries, and raises GatewayError only.

    None of them may be called inside a transaction that holds locks.
    """

    key_id: str

    def create_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]
    ) -> GatewayOrder: ...

    def find_order(self, *, receipt: str) -> GatewayOrder | None: ...

    def order_payments(self, *, order_id: str) -> tuple[GatewayPayment, ...]: ...

    def create_link(
        self,
        *,
        reference: str,
        amount_minor: int,
        currency: str,
        description: str,
        payer: PayerDetails,
        callback_url: str,
        notes: Mapping[str, str],
    ) -> GatewayLink: ...

    def find_link(self, *, reference: str = "", payment_id: str = "") -> GatewayLink | None: ...

    def fetch_link(self, *, link_id: str) -> GatewayLink: ...

    def cancel_link(self, *, link_id: str) -> GatewayLink: ...

    def fetch_payment(self, *, payment_id: str) -> GatewayPayment: ...

    def capture_payment(self, *, payment_id: str, amount_minor: int, currency: str) -> GatewayPayment: ...

    def confirms_checkout(self, *, order_id: str, payment_id: str, signature: str) -> bool: ...

    def confirms_link(self, *, link_id: str, reference: str, status: str, payment_id: str, signature: str) -> bool: ...
