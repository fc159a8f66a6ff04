"""/v1/refunds and the refunds of a payment."""

from __future__ import annotations

from django.http import HttpRequest

from billing_platform.local.razorpay import idempotency
from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.api.notes import edit_notes
from billing_platform.local.razorpay.entities import collection, refund_json
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import REFUNDS, get_payment, get_refund, page
from billing_platform.local.razorpay.validation import require


def _create_for_payment(request: HttpRequest, payment_id: str) -> JSON:
    return refund_json(idempotency.refund_once(request, payment_id, body_of(request)))


def _create(request: HttpRequest) -> JSON:
    data = body_of(request)
    require(data, "payment_id")
    payment_id = str(data.pop("payment_id"))
    return refund_json(idempotency.refund_once(request, payment_id, data))


def _list(request: HttpRequest) -> JSON:
    rows = page(REFUNDS.all(), request.GET.dict())
    return collection([refund_json(refund) for refund in rows])


def _list_for_payment(request: HttpRequest, payment_id: str) -> JSON:
    rows = page(REFUNDS.filter(payment=get_payment(payment_id)), request.GET.dict())
    return collection([refund_json(refund) for refund in rows])


def _fetch(request: HttpRequest, refund_id: str) -> JSON:
    return refund_json(get_refund(refund_id))


def _fetch_for_payment(request: HttpRequest, payment_id: str, refund_id: str) -> JSON:
    refund = get_refund(refund_id)
    if refund.payment != get_payment(payment_id):
        raise RazorpayError("The id provided does not exist")
    return refund_json(refund)


def _edit(request: HttpRequest, refund_id: str) -> JSON:
    return refund_json(edit_notes(request, get_refund, refund_id))


refund_list = endpoint(GET=_list, POST=_create)
refund_detail = endpoint(GET=_fetch, PATCH=_edit)
payment_refund = endpoint(POST=_create_for_payment)
payment_refund_list = endpoint(GET=_list_for_payment)
payment_refund_detail = endpoint(GET=_fetch_for_payment)
