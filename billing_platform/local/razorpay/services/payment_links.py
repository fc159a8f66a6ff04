"""Payment links: created, opened, paid, cancelled, expired."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction

from billing_platform.local.razorpay import clock, signatures, webhooks
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_payment_link
from billing_platform.local.razorpay.models import Order, Payment, PaymentLink
from billing_platform.local.razorpay.validation import (
    clean_amount,
    clean_boolean,
    clean_currency,
    clean_integer,
    clean_notes,
    clean_object,
    clean_text,
    reject_unexpected,
    require,
)
from billing_platform.local.razorpay.webhooks import Announcement

EDITABLE = ("reference_id", "expire_by", "notes", "reminder_enable", "accept_partial")
FIELDS = (
    "amount",
    "currency",
    "first_min_partial_amount",
    "description",
    "customer",
    "notify",
    "callback_url",
    "callback_method",
    "upi_link",
    "options",
    *EDITABLE,
)
SHORTEST_LIFE = 15 * clock.MINUTE
LONGEST_LIFE = 183 * clock.DAY  # Razorpay says six months
MAX_REFERENCE, MAX_DESCRIPTION, MAX_NOTE, MAX_URL = 40, 2048, 255, 2000


@transaction.atomic
def create_payment_link(*, data: JSON) -> PaymentLink:
    reject_unexpected(data, FIELDS)
    require(data, "amount")
    currency = clean_currency(data.get("currency", "INR"))
    if clean_boolean(data.get("upi_link"), "upi_link", default=False):
        raise RazorpayError("UPI Payment Links is not supported in Test Mode")
    now = clock.now()
    link = PaymentLink(
        amount=clean_amount(data["amount"], currency),
        currency=currency,
        first_min_partial_amount=_first_amount(data, currency),
        description=clean_text(data.get("description"), "description", MAX_DESCRIPTION) or "",
        customer=clean_object(data.get("customer"), "customer"),
        notify=clean_object(data.get("notify"), "notify"),
        expires_at=now + LONGEST_LIFE,
        created_at=now,
        updated_at=now,
        **_callback(data),
    )
    _apply_editable(link, data)
    link.save()
    return link


@transaction.atomic
def edit_payment_link(*, link_id: str, data: JSON) -> PaymentLink:
    reject_unexpected(data, EDITABLE)
    link = get_payment_link(link_id)
    if not link.is_payable:
        raise RazorpayError("update can only be made in created or partially paid state")
    _apply_editable(link, data)
    link.updated_at = clock.now()
    link.save()
    if link.order is not None:
        link.order.partial_payment = link.accept_partial
        link.order.save(update_fields=["partial_payment"])
    return link


def _apply_editable(link: PaymentLink, data: JSON) -> None:
    if "reference_id" in data:
        link.reference_id = _free_reference(link, data["reference_id"])
    if data.get("expire_by"):
        link.expire_by = link.expires_at = _expiry(data["expire_by"])
    if "notes" in data:
        link.notes = clean_notes(data["notes"], MAX_NOTE)
    link.reminder_enable = clean_boolean(data.get("reminder_enable"), "reminder_enable", default=link.reminder_enable)
    link.accept_partial = clean_boolean(data.get("accept_partial"), "accept_partial", default=link.accept_partial)


def _free_reference(link: PaymentLink, value: object) -> str:
    reference = clean_text(value, "reference_id", MAX_REFERENCE) or ""
    others = PaymentLink.objects.filter(reference_id=reference).exclude(pk=link.pk)
    if reference and others.exists():
        raise RazorpayError("payment link creation with reference ID already attempted", field="reference_id")
    return reference


def _expiry(value: object) -> int:
    expire_by, now = clean_integer(value, "expire_by"), clock.now()
    if expire_by < now + SHORTEST_LIFE:
        raise RazorpayError("timestamp must be atleast 15 minutes in future", field="expire_by")
    if expire_by > now + LONGEST_LIFE:
        raise RazorpayError("expire_by cannot be more than 6 months from now", field="expire_by")
    return expire_by


def _first_amount(data: JSON, currency: str) -> int:
    least = data.get("first_min_partial_amount")
    return clean_amount(least, currency, "first_min_partial_amount") if least else 0


def _callback(data: JSON) -> dict[str, Any]:
    url = clean_text(data.get("callback_url"), "callback_url", MAX_URL) or ""
    method = data.get("callback_method") or ""
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise RazorpayError("The callback_url format is invalid.", field="callback_url")
    if method not in ("", "get") or bool(url) != bool(method):
        raise RazorpayError("callback_method must be get", field="callback_method")
    return {"callback_url": url, "callback_method": method}


@transaction.atomic
def cancel_payment_link(*, link_id: str) -> PaymentLink:
    link = get_payment_link(link_id)
    if link.status in (PaymentLink.Status.PAID, PaymentLink.Status.PARTIALLY_PAID):
        raise RazorpayError("cannot cancel or expire an already paid/partially paid link")
    if link.status != PaymentLink.Status.CREATED:
        state = "an expired" if link.status == PaymentLink.Status.EXPIRED else "a cancelled"
        raise RazorpayError(f"cannot cancel or expire {state} link")
    link.status = PaymentLink.Status.CANCELLED
    link.cancelled_at = link.updated_at = clock.now()
    link.save()
    webhooks.announce([webhooks.payment_link_event("payment_link.cancelled", link)])
    return link


@transaction.atomic
def expire_payment_link(*, link_id: str) -> PaymentLink:
    link = get_payment_link(link_id)
    if link.is_payable:
        link.status = PaymentLink.Status.EXPIRED
        link.expired_at = link.updated_at = clock.now()
        link.save()
        webhooks.announce([webhooks.payment_link_event("payment_link.expired", link)])
    return link


@transaction.atomic
def open_payment_link(*, short_code: str) -> PaymentLink:
    """The payer opens the page: only now does the link get its order."""
    link = PaymentLink.objects.select_related("order").filter(short_code=short_code).first()
    if link is None:
        raise RazorpayError("The id provided does not exist")
    if link.order is None and link.is_payable:
        link.order = Order.objects.create(
            amount=link.amount,
            currency=link.currency,
            notes=link.notes,
            partial_payment=link.accept_partial,
            first_payment_min_amount=link.first_min_partial_amount or None,
            created_at=clock.now(),
        )
        link.save(update_fields=["order"])
    return link


def record_payment(payment: Payment) -> list[Announcement]:
    """Bring the link of a captured payment up to date, if it has one."""
    order = payment.order
    link = order.link()
    if link is None:
        return []
    link.amount_paid = order.amount_paid
    is_paid = order.amount_due == 0
    link.status = PaymentLink.Status.PAID if is_paid else PaymentLink.Status.PARTIALLY_PAID
    link.updated_at = clock.now()
    link.save()
    name = "payment_link.paid" if is_paid else "payment_link.partially_paid"
    return [webhooks.payment_link_paid(name, link, order, payment)]


def callback_address(link: PaymentLink, payment: Payment) -> str:
    """Where the payer's browser goes after paying, with the signed result in the query."""
    result = {
        "razorpay_payment_id": payment.public_id,
        "razorpay_payment_link_id": link.public_id,
        "razorpay_payment_link_reference_id": link.reference_id,
        "razorpay_payment_link_status": link.status,
        "razorpay_signature": signatures.sign_payment_link(
            link.public_id,
            link.reference_id,
            link.status,
            payment.public_id,
            settings.RAZORPAY_KEY_SECRET,
        ),
    }
    parts = urlsplit(link.callback_url)
    query = "&".join(filter(None, [parts.query, urlencode(result)]))
    return urlunsplit(parts._replace(query=query))
