"""The JSON of customers, tokens and registration links."""

from __future__ import annotations

from django.conf import settings

from billing_platform.local.razorpay.entities import notes_json
from billing_platform.local.razorpay.errors import JSON
from billing_platform.local.razorpay.models import Customer, Order, Payment, RegistrationLink, Token


def customer_json(customer: Customer) -> JSON:
    return {
        "id": customer.public_id,
        "entity": "customer",
        "name": customer.name,
        "email": customer.email,
        "contact": customer.contact,
        "gstin": customer.gstin,
        "notes": notes_json(customer.notes),
        "created_at": customer.created_at,
    }


# Rejected tokens and those that wait for the bank cannot be charged.
CHARGEABLE_ONCE = (Token.Status.CONFIRMED, Token.Status.PAUSED, Token.Status.CANCELLED)


def token_json(token: Token) -> JSON:
    """`card` only for cards and `bank_details` only for bank accounts, as in Razorpay's samples."""
    entity: JSON = {
        "id": token.public_id,
        "entity": "token",
        "token": token.token,
        "bank": token.instrument.get("bank"),
        "wallet": None,
        "method": token.method,
        "vpa": token.instrument.get("vpa"),
        "recurring": token.status in CHARGEABLE_ONCE,
        "recurring_details": {"status": token.status, "failure_reason": token.failure_reason},
        "auth_type": token.auth_type,
        "mrn": None,
        "used_at": token.used_at,
        "created_at": token.created_at,
        "start_time": token.created_at,
        "max_amount": token.max_amount,
        "expired_at": token.expires_at,
        "dcc_enabled": False,
    }
    for name in ("card", "bank_details"):
        if name in token.instrument:
            entity[name] = token.instrument[name]
    return entity


def notification_json(order: Order) -> JSON:
    """The notice before a debit, as its own webhook shows it."""
    notification: JSON = order.options["notification"]
    return {"entity": "notification", "order_id": order.public_id, **notification}


def registration_link_json(link: RegistrationLink) -> JSON:
    order = link.order
    return {
        "id": link.public_id,
        "entity": "invoice",
        "receipt": order.receipt,
        "invoice_number": order.receipt,
        "customer_id": link.customer.public_id,
        "customer_details": _customer_details(link.customer),
        "order_id": order.public_id,
        "line_items": [],
        "payment_id": _payment_id(link),
        "status": link.status,
        "expire_by": link.expire_by,
        "issued_at": link.created_at,
        "paid_at": link.paid_at,
        "cancelled_at": link.cancelled_at,
        "expired_at": link.expired_at,
        "sms_status": "pending" if link.sms_notify else None,
        "email_status": "pending" if link.email_notify else None,
        "date": link.created_at,
        "terms": None,
        "partial_payment": False,
        "gross_amount": order.amount,
        "tax_amount": 0,
        "taxable_amount": 0,
        "amount": order.amount,
        "amount_paid": order.amount_paid,
        "amount_due": order.amount_due,
        "currency": order.currency,
        "currency_symbol": "₹",
        "description": link.description,
        "notes": notes_json(link.notes),
        "comment": None,
        "short_url": f"{settings.SANDBOX_BASE_URL}/i/{link.short_code}",
        "view_less": True,
        "billing_start": None,
        "billing_end": None,
        "type": "link",
        "group_taxes_discounts": False,
        "created_at": link.created_at,
        "idempotency_key": None,
    }


def _customer_details(customer: Customer) -> JSON:
    return {
        "id": customer.public_id,
        "name": customer.name,
        "email": customer.email,
        "contact": customer.contact,
        "gstin": customer.gstin,
        "billing_address": None,
        "shipping_address": None,
        "customer_name": customer.name,
        "customer_email": customer.email,
        "customer_contact": customer.contact,
    }


def _payment_id(link: RegistrationLink) -> str | None:
    if link.status != RegistrationLink.Status.PAID:
        return None
    paid = Payment.objects.filter(order=link.order, captured=True).order_by("pk").first()
    return paid.public_id if paid else None
