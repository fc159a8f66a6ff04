"""Everything the sandbox remembers, so that a restart loses nothing."""

from __future__ import annotations

from billing_platform.local.razorpay.models.balance import BalanceEntry, Dispute, Settlement
from billing_platform.local.razorpay.models.documents import Document
from billing_platform.local.razorpay.models.events import Delivery, Event
from billing_platform.local.razorpay.models.mandates import Customer, RegistrationLink, Token
from billing_platform.local.razorpay.models.payments import IdempotencyKey, Order, Payment, PaymentLink, Refund
from billing_platform.local.razorpay.models.switches import Fault, State

__all__ = [
    "BalanceEntry",
    "Customer",
    "Delivery",
    "Dispute",
    "Document",
    "Event",
    "Fault",
    "IdempotencyKey",
    "Order",
    "Payment",
    "PaymentLink",
    "Refund",
    "RegistrationLink",
    "Settlement",
    "State",
    "Token",
]
