"""/v1/payments."""

from __future__ import annotations

from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.api.notes import edit_notes
from billing_platform.local.razorpay.entities import collection, payment_json
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_payment, page
from billing_platform.local.razorpay.models import Payment
from billing_platform.local.razorpay.services import payments
from billing_platform.local.razorpay.validation import clean_amount, clean_currency, reject_unexpected, require


def _list(request: HttpRequest) -> JSON:
    rows = page(Payment.objects.select_related("order"), request.GET.dict())
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


payment_list = endpoint(GET=_list)
payment_detail = endpoint(GET=_fetch, PATCH=_edit)
payment_capture = endpoint(POST=_capture)
payment_card = endpoint(GET=_card)
