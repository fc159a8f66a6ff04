"""Finding entities by their Razorpay id, and pages of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.db.models import Model, QuerySet

from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.models import Order, Payment, PaymentLink, Refund
from billing_platform.local.razorpay.validation import clean_id, clean_integer

DEFAULT_COUNT, MAX_COUNT = 10, 100
EARLIEST, LATEST = 946684800, 4765046400

ModelT = TypeVar("ModelT", bound=Model)


def get_order(order_id: str) -> Order:
    return _get(Order.objects.all(), order_id, "order")


def get_payment(payment_id: str) -> Payment:
    return _get(Payment.objects.select_related("order"), payment_id, "pay")


def get_refund(refund_id: str) -> Refund:
    return _get(Refund.objects.select_related("payment__order"), refund_id, "rfnd")


def get_payment_link(link_id: str) -> PaymentLink:
    return _get(PaymentLink.objects.select_related("order"), link_id, "plink")


def _get(rows: QuerySet[ModelT], public_id: str, prefix: str) -> ModelT:
    row = rows.filter(public_id=clean_id(public_id, prefix)).first()
    if row is None:
        raise RazorpayError("The id provided does not exist")
    return row


def page(rows: QuerySet[ModelT], params: Mapping[str, str]) -> list[ModelT]:
    """Newest first, within `from` and `to`, `count` rows after `skip`."""
    count = _bounded(params, "count", DEFAULT_COUNT)
    skip = _bounded(params, "skip", 0)
    if count < 1:
        raise RazorpayError("The count must be at least 1.", field="count")
    if count > MAX_COUNT:
        raise RazorpayError(f"The count may not be greater than {MAX_COUNT}.", field="count")
    for name, condition in (("from", "created_at__gte"), ("to", "created_at__lte")):
        if name in params:
            rows = rows.filter(**{condition: _timestamp(params, name)})
    return list(rows.order_by("-created_at", "-pk")[skip : skip + count])


def _bounded(params: Mapping[str, str], name: str, default: int) -> int:
    return clean_integer(params[name], name) if name in params else default


def _timestamp(params: Mapping[str, str], name: str) -> int:
    value = clean_integer(params[name], name)
    if not EARLIEST <= value <= LATEST:
        raise RazorpayError(f"{name} must be between {EARLIEST} and {LATEST}", field=name)
    return value
