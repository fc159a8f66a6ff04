"""/v1/payment_links."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.entities import payment_link_json
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_payment_link, page
from billing_platform.local.razorpay.models import PaymentLink
from billing_platform.local.razorpay.services import payment_links

MEDIA = ("sms", "email")


def _create(request: HttpRequest) -> JSON:
    return payment_link_json(payment_links.create_payment_link(data=body_of(request)))


def _list(request: HttpRequest) -> JSON:
    rows: QuerySet[PaymentLink] = PaymentLink.objects.select_related("order")
    if "reference_id" in request.GET:
        rows = rows.filter(reference_id=request.GET["reference_id"])
    if "payment_id" in request.GET:
        rows = rows.filter(order__payments__public_id=request.GET["payment_id"])
    links = page(rows, request.GET.dict())
    return {"payment_links": [payment_link_json(link) for link in links]}


def _fetch(request: HttpRequest, link_id: str) -> JSON:
    return payment_link_json(get_payment_link(link_id))


def _edit(request: HttpRequest, link_id: str) -> JSON:
    link = payment_links.edit_payment_link(link_id=link_id, data=body_of(request))
    return payment_link_json(link)


def _cancel(request: HttpRequest, link_id: str) -> JSON:
    return payment_link_json(payment_links.cancel_payment_link(link_id=link_id))


def _notify(request: HttpRequest, link_id: str, medium: str) -> JSON:
    """The sandbox sends nothing; it answers as if it had."""
    get_payment_link(link_id)
    if medium not in MEDIA:
        raise RazorpayError("not a valid notification medium")
    return {"success": True}


payment_link_list = endpoint(GET=_list, POST=_create)
payment_link_detail = endpoint(GET=_fetch, PATCH=_edit)
payment_link_cancel = endpoint(POST=_cancel)
payment_link_notify = endpoint(POST=_notify)
