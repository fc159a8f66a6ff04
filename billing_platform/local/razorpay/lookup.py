"""Finding entities by their Razorpay id, and pages of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.db.models import Model, QuerySet

from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.models import (
    Customer,
    Dispute,
    Document,
    Order,
    Payment,
    PaymentLink,
    Refund,
    RegistrationLink,
    Settlement,
    Token,
)
from billing_platform.local.razorpay.validation import clean_id, clean_integer

DEFAULT_COUNT, MAX_COUNT = 10, 100
EARLIEST, LATEST = 946684800, 4765046400

# With all that their JSON shows.
_OF_PAYMENT = ("order__registration", "order__paymentlink", "customer", "token")
PAYMENTS = Payment.objects.select_related(*_OF_PAYMENT)
REFUNDS = Refund.objects.select_related(*(f"payment__{name}" for name in _OF_PAYMENT))
DISPUTES = Dispute.objects.select_related(*(f"payment__{name}" for name in _OF_PAYMENT))

ModelT = TypeVar("ModelT", bound=Model)


def get_order(order_id: str) -> Order:
    return _get(Order.objects.select_related("registration", "paymentlink"), order_id, "order")


def get_payment(payment_id: str) -> Payment:
    return _get(PAYMENTS.all(), payment_id, "pay")


def get_document(document_id: str) -> Document:
    return _get(Document.objects.all(), document_id, "doc")


def get_refund(refund_id: str) -> Refund:
    return _get(REFUNDS.all(), refund_id, "rfnd")


def get_payment_link(link_id: str) -> PaymentLink:
    return _get(PaymentLink.objects.select_related("order"), link_id, "plink")


def get_customer(customer_id: str) -> Customer:
    return _get(Customer.objects.all(), customer_id, "cust")


def get_token(token_id: str) -> Token:
    """A mandate that the merchant has not deleted."""
    return _get(Token.objects.filter(deleted_at=None).select_related("customer", "order"), token_id, "token")


def get_registration_link(invoice_id: str) -> RegistrationLink:
    return _get(RegistrationLink.objects.select_related("customer", "order"), invoice_id, "inv")


def get_dispute(dispute_id: str) -> Dispute:
    return _get(DISPUTES.all(), dispute_id, "disp")


def get_settlement(settlement_id: str) -> Settlement:
    return _get(Settlement.objects.all(), settlement_id, "setl")


def _get(rows: QuerySet[ModelT], public_id: str, prefix: str) -> ModelT:
    row = rows.filter(public_id=clean_id(public_id, prefix)).first()
    if row is None:
        raise RazorpayError("The id provided does not exist")
    return row


def page(rows: QuerySet[ModelT], params: Mapping[str, str]) -> list[ModelT]:
    """Newest first, within `from` and `to`, `count` rows after `skip`."""
    count, skip = window(params)
    for name, condition in (("from", "created_at__gte"), ("to", "created_at__lte")):
        if name in params:
            rows = rows.filter(**{condition: _timestamp(params, name)})
    return list(rows.order_by("-created_at", "-pk")[skip : skip + count])


def window(params: Mapping[str, str], *, most: int = MAX_COUNT) -> tuple[int, int]:
    """`count` and `skip` of a list."""
    count = _bounded(params, "count", DEFAULT_COUNT)
    if count < 1:
        raise RazorpayError("The count must be at least 1.", field="count")
    if count > most:
        raise RazorpayError(f"The count may not be greater than {most}.", field="count")
    return count, _bounded(params, "skip", 0)


def _bounded(params: Mapping[str, str], name: str, default: int) -> int:
    return clean_integer(params[name], name) if name in params else default


def _timestamp(params: Mapping[str, str], name: str) -> int:
    value = clean_integer(params[name], name)
    if not EARLIEST <= value <= LATEST:
        raise RazorpayError(f"{name} must be between {EARLIEST} and {LATEST}", field=name)
    return value
