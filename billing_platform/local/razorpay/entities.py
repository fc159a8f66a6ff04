"""The JSON shapes of Razorpay's entities, quirks included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from billing_platform.local.razorpay import currencies
from billing_platform.local.razorpay.errors import JSON
from billing_platform.local.razorpay.models import Order, Payment, PaymentLink, Refund, RegistrationLink


def collection(items: Sequence[JSON]) -> JSON:
    return {"entity": "collection", "count": len(items), "items": list(items)}


def notes_json(notes: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """Empty notes are PHP's empty array."""
    return notes or []


def order_json(order: Order) -> JSON:
    entity: JSON = {
        "id": order.public_id,
        "entity": "order",
        "amount": order.amount,
        "amount_paid": order.amount_paid,
        "amount_due": order.amount_due,
        "currency": order.currency,
        "receipt": order.receipt,
        "offer_id": order.options.get("offer_id"),
        "status": order.status,
        "attempts": order.attempts,
        "notes": notes_json(order.notes),
        "created_at": order.created_at,
    }
    if "notification" in order.options:
        entity["notification"] = order.options["notification"]
    if order.partial_payment:
        entity["partial_payment"] = True
        entity["first_payment_min_amount"] = order.first_payment_min_amount
    return entity


def payment_json(payment: Payment, *, with_card: bool = False) -> JSON:
    instrument = payment.instrument
    card = instrument.get("card")
    entity: JSON = {
        "id": payment.public_id,
        "entity": "payment",
        "amount": payment.amount,
        "currency": payment.currency,
        "base_amount": currencies.base_amount(payment.amount, payment.currency),
        "status": payment.status,
        "order_id": payment.order.public_id,
        "invoice_id": _registration_id(payment.order),
        "international": payment.currency != "INR",
        "method": payment.method,
        "amount_refunded": payment.amount_refunded,
        "amount_transferred": 0,
        "refund_status": refund_status(payment),
        "captured": payment.captured,
        "description": payment.description,
        "card_id": card["id"] if card else None,
        "bank": instrument.get("bank"),
        "wallet": instrument.get("wallet"),
        "vpa": instrument.get("vpa"),
        "email": payment.email,
        "contact": payment.contact,
        "notes": notes_json(payment.notes),
        "fee": payment.fee,
        "tax": payment.tax,
        **{f"error_{key}": payment.error.get(key) for key in ERROR_KEYS},
        "acquirer_data": instrument.get("acquirer_data", {}),
        "created_at": payment.created_at,
        "provider": None,
        "reward": None,
    }
    if payment.currency != "INR":
        entity["base_currency"] = "INR"
    if payment.fee_on_top:
        entity["fee_bearer"] = "customer"
    if payment.customer is not None:
        entity["customer_id"] = payment.customer.public_id
    if payment.token is not None:
        entity["token_id"] = payment.token.public_id
    if card and with_card:
        entity["card"] = card
    if "upi" in instrument:
        entity["upi"] = instrument["upi"]
    return entity


def _registration_id(order: Order) -> str | None:
    registration: RegistrationLink | None = getattr(order, "registration", None)
    return registration.public_id if registration else None


ERROR_KEYS = ("code", "description", "source", "step", "reason")


def refund_status(payment: Payment) -> str | None:
    if payment.amount_refunded == 0:
        return None
    return "full" if payment.amount_refunded == payment.amount else "partial"


def refund_json(refund: Refund) -> JSON:
    done = refund.status == Refund.Status.PROCESSED
    return {
        "id": refund.public_id,
        "entity": "refund",
        "amount": refund.amount,
        "currency": refund.currency,
        "payment_id": refund.payment.public_id,
        "notes": notes_json(refund.notes),
        "receipt": refund.receipt,
        "acquirer_data": {"arn": refund.arn},
        "created_at": refund.created_at,
        "batch_id": None,
        "status": refund.status,
        "speed_requested": refund.speed_requested,
        "speed_processed": _speed_processed(refund) if done or refund.is_slowed else None,
    }


def _speed_processed(refund: Refund) -> str:
    return "instant" if refund.speed_requested == "optimum" and not refund.is_slowed else "normal"


def payment_link_json(link: PaymentLink) -> JSON:
    """No `entity`; unset times are 0; `order_id` only once somebody opened the link."""
    entity: JSON = {
        "id": link.public_id,
        "accept_partial": link.accept_partial,
        "amount": link.amount,
        "amount_paid": link.amount_paid,
        "callback_method": link.callback_method,
        "callback_url": link.callback_url,
        "cancelled_at": link.cancelled_at,
        "created_at": link.created_at,
        "currency": link.currency,
        "customer": link.customer,
        "description": link.description,
        "expire_by": link.expire_by,
        "expired_at": link.expired_at,
        "first_min_partial_amount": link.first_min_partial_amount,
        "notes": link.notes or None,
        "notify": {"email": False, "sms": False, "whatsapp": False} | link.notify,
        "payments": _link_payments(link),
        "reference_id": link.reference_id,
        "reminder_enable": link.reminder_enable,
        "reminders": [],
        "short_url": short_url(link),
        "source": "",
        "source_id": "",
        "status": link.status,
        "updated_at": link.updated_at,
        "upi_link": False,
        "user_id": "",
        "whatsapp_link": False,
    }
    if link.order is not None:
        entity["order_id"] = link.order.public_id
    return entity


def _link_payments(link: PaymentLink) -> list[JSON] | None:
    if link.order is None:
        return None
    taken = link.order.payments.filter(captured_at__isnull=False).order_by("pk")
    return [
        {
            "amount": payment.amount,
            "created_at": payment.created_at,
            "method": payment.method,
            "payment_id": payment.public_id,
            "plink_id": link.public_id,
            "status": "captured",
            "updated_at": payment.captured_at,
        }
        for payment in taken
    ]


def short_url(link: PaymentLink) -> str:
    return f"{settings.SANDBOX_BASE_URL}/l/{link.short_code}"
