"""/v1/subscription_registration/auth_links, and the invoices they are."""

from __future__ import annotations

from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.entities import collection
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_registration_link, page
from billing_platform.local.razorpay.mandate_entities import registration_link_json
from billing_platform.local.razorpay.models import RegistrationLink
from billing_platform.local.razorpay.services import registration_links

MEDIA = ("sms", "email")


def _create(request: HttpRequest) -> JSON:
    return registration_link_json(registration_links.create_registration_link(data=body_of(request)))


def _list(request: HttpRequest) -> JSON:
    rows = RegistrationLink.objects.select_related("customer", "order")
    for name, field in (("receipt", "order__receipt"), ("customer_id", "customer__public_id")):
        if name in request.GET:
            rows = rows.filter(**{field: request.GET[name]})
    return collection([registration_link_json(link) for link in page(rows, request.GET.dict())])


def _fetch(request: HttpRequest, invoice_id: str) -> JSON:
    return registration_link_json(get_registration_link(invoice_id))


def _cancel(request: HttpRequest, invoice_id: str) -> JSON:
    return registration_link_json(registration_links.cancel_registration_link(link_id=invoice_id))


def _notify(request: HttpRequest, invoice_id: str, medium: str) -> JSON:
    """The sandbox sends nothing; it answers as if it had."""
    get_registration_link(invoice_id)
    if medium not in MEDIA:
        raise RazorpayError("not a valid notification medium")
    return {"success": True}


registration_link_create = endpoint(POST=_create)
invoice_list = endpoint(GET=_list)
invoice_detail = endpoint(GET=_fetch)
invoice_cancel = endpoint(POST=_cancel)
invoice_notify = endpoint(POST=_notify)
