"""Registration links: a page where a payer gives a mandate; Razorpay calls it an invoice."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from billing_platform.local.razorpay import clock, webhooks
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_registration_link
from billing_platform.local.razorpay.models import Order, Payment, RegistrationLink
from billing_platform.local.razorpay.services.customers import find_or_create_customer
from billing_platform.local.razorpay.services.orders import create_order
from billing_platform.local.razorpay.validation import (
    clean_boolean,
    clean_integer,
    clean_notes,
    clean_object,
    clean_text,
    reject_unexpected,
    require,
)
from billing_platform.local.razorpay.webhooks import Announcement

FIELDS = (
    "customer", "type", "amount", "currency", "description", "subscription_registration", "receipt", "sms_notify",
    "email_notify", "expire_by", "notes",
)  # fmt: skip
Status = RegistrationLink.Status


@transaction.atomic
def create_registration_link(*, data: JSON) -> RegistrationLink:
    reject_unexpected(data, FIELDS)
    require(data, "customer", "type", "amount", "currency")
    if data["type"] != "link":
        raise RazorpayError("The selected type is invalid.", field="type")
    customer = find_or_create_customer(clean_object(data["customer"], "customer"))
    terms = clean_object(data.get("subscription_registration"), "subscription_registration")
    method = terms.pop("method", None)
    order = create_order(
        data={
            "amount": data["amount"],
            "currency": data["currency"],
            "receipt": data.get("receipt"),
            "customer_id": customer.public_id,
            "method": method,
            "token": terms,
            "payment_capture": True,
        }
    )
    return RegistrationLink.objects.create(
        customer=customer,
        order=order,
        description=clean_text(data.get("description"), "description", 2048),
        notes=clean_notes(data.get("notes")),
        expire_by=_clean_expiry(data.get("expire_by")),
        created_at=clock.now(),
        **{name: clean_boolean(data.get(name), name, default=True) for name in ("sms_notify", "email_notify")},
    )


def _clean_expiry(value: Any) -> int | None:
    if value is None:
        return None
    expiry = clean_integer(value, "expire_by")
    if expiry <= clock.now():
        raise RazorpayError("expire_by should be at least 15 minutes after current time", field="expire_by")
    return expiry


@transaction.atomic
def cancel_registration_link(*, link_id: str) -> RegistrationLink:
    link = get_registration_link(link_id)
    if link.status != Status.ISSUED:
        raise RazorpayError(f"Operation not allowed for Invoice in {link.status} status.")
    link.status, link.cancelled_at = Status.CANCELLED, clock.now()
    link.save()
    return link


@transaction.atomic
def expire_registration_link(*, link_id: str) -> RegistrationLink:
    link = get_registration_link(link_id)
    if link.status == Status.ISSUED:
        link.status, link.expired_at = Status.EXPIRED, clock.now()
        link.save()
        webhooks.announce([webhooks.invoice_event("invoice.expired", link)])
    return link


def why_closed(order: Order) -> str:
    """Why an order's registration link takes no payer any more; empty if it does."""
    link: RegistrationLink | None = getattr(order, "registration", None)
    closed = link is not None and link.status in (Status.CANCELLED, Status.EXPIRED)
    return f"The registration link is {link.status}." if closed and link else ""


def record_payment(payment: Payment) -> list[Announcement]:
    """Bring the registration link of a captured payment up to date, if it has one."""
    link: RegistrationLink | None = getattr(payment.order, "registration", None)
    if link is None or payment.order.amount_due:
        return []
    link.status, link.paid_at = Status.PAID, clock.now()
    link.save()
    link.order = payment.order
    return [webhooks.invoice_event("invoice.paid", link, payment)]
