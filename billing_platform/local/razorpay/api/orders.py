"""/v1/orders."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.api.notes import edit_notes
from billing_platform.local.razorpay.entities import collection, order_json, payment_json
from billing_platform.local.razorpay.errors import JSON
from billing_platform.local.razorpay.lookup import PAYMENTS, get_order, page
from billing_platform.local.razorpay.models import Order, Payment
from billing_platform.local.razorpay.services import orders


def _create(request: HttpRequest) -> JSON:
    return order_json(orders.create_order(data=body_of(request)))


def _list(request: HttpRequest) -> JSON:
    rows: QuerySet[Order] = Order.objects.all()
    if "receipt" in request.GET:
        rows = rows.filter(receipt=request.GET["receipt"])
    if request.GET.get("authorized") in ("0", "1"):
        authorized = Payment.objects.filter(status=Payment.Status.AUTHORIZED).values("order")
        wanted = request.GET["authorized"] == "1"
        rows = rows.filter(pk__in=authorized) if wanted else rows.exclude(pk__in=authorized)
    return collection([_expanded(request, order) for order in page(rows, request.GET.dict())])


def _fetch(request: HttpRequest, order_id: str) -> JSON:
    return _expanded(request, get_order(order_id))


def _expanded(request: HttpRequest, order: Order) -> JSON:
    wanted = request.GET.getlist("expand[]")
    if not {"payments", "payments.card"} & set(wanted):
        return order_json(order)
    return order_json(order) | {"payments": _payments_of(order, "payments.card" in wanted)}


def _edit(request: HttpRequest, order_id: str) -> JSON:
    return order_json(edit_notes(request, get_order, order_id))


def _payments(request: HttpRequest, order_id: str) -> JSON:
    return _payments_of(get_order(order_id), "card" in request.GET.getlist("expand[]"))


def _payments_of(order: Order, with_card: bool) -> JSON:
    payments = PAYMENTS.filter(order=order).order_by("-pk")
    return collection([payment_json(payment, with_card=with_card) for payment in payments])


order_list = endpoint(GET=_list, POST=_create)
order_detail = endpoint(GET=_fetch, PATCH=_edit)
order_payments = endpoint(GET=_payments)
