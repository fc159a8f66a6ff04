"""/v1/payments."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from billing_platform.local.razorpay import signatures
from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.api.notes import edit_notes
from billing_platform.local.razorpay.entities import collection, payment_json
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import PAYMENTS, get_payment, page
from billing_platform.local.razorpay.models import Payment
from billing_platform.local.razorpay.services import payments, recurring
from billing_platform.local.razorpay.validation import clean_amount, clean_currency, reject_unexpected, require


def _list(request: HttpRequest) -> JSON:
    rows = page(PAYMENTS, request.GET.dict())
    return collection([_entity(request, payment) for payment in rows])


def _fetch(request: HttpRequest, payment_id: str) -> JSON:
    return _entity(request, get_payment(payment_id))


def _entity(request: HttpRequest, payment: Payment) -> JSON:
    return payment_json(payment, with_card="card" in request.GET.getlist("expand[]"))


def _edit(request: HttpRequest, payment_id: str) -> JSON:
    return payment_json(edit_notes(request, get_payment, payment_id))


def _capture(request: HttpRequest, payment_id: str) -> JSON:
    data = body_of(request)
    reject_unexpected(data, ["amount", "currency"])
    require(data, "amount", "currency")
    currency = clean_currency(data["currency"])
    amount = clean_amount(data["amount"], currency)
    return payment_json(payments.capture_payment(payment_id=payment_id, amount=amount, currency=currency))


def _card(request: HttpRequest, payment_id: str) -> JSON:
    card: JSON | None = get_payment(payment_id).instrument.get("card")
    if card is None:
        raise RazorpayError("The payment was not made with a card.")
    return card


def _recurring(request: HttpRequest) -> JSON:
    """Only that it was taken on; cards answer like a checkout, too."""
    payment = recurring.create_recurring_payment(data=body_of(request))
    answer = {"razorpay_payment_id": payment.public_id}
    if payment.method != "card":
        return answer
    order_id = payment.order.public_id
    signature = signatures.sign_checkout(order_id, payment.public_id, settings.RAZORPAY_KEY_SECRET)
    return answer | {"razorpay_order_id": order_id, "razorpay_signature": signature}


payment_recurring = endpoint(POST=_recurring)
payment_list = endpoint(GET=_list)
payment_detail = endpoint(GET=_fetch, PATCH=_edit)
payment_capture = endpoint(POST=_capture)
payment_card = endpoint(GET=_card)
