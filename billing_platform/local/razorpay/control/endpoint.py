"""One URL of the control API: like the real API's, but for people at this machine instead of holders of a key."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from billing_platform.local.razorpay.api.endpoint import Handler, View, body_of, error_response
from billing_platform.local.razorpay.errors import JSON, RazorpayError, url_not_found

Route = tuple[str, Callable[..., HttpResponse]]


def control(**handlers: Handler) -> View:
    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            handler = handlers.get(request.method or "")
            if handler is None or not is_ours(request):
                raise url_not_found()
            return JsonResponse(handler(request, **parts))
        except RazorpayError as error:
            return error_response(error)

    return view


def is_ours(request: HttpRequest) -> bool:
    """From this machine, and not sent by a page of another site that a browser here has open."""
    return is_local(request) and request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")


def is_local(request: HttpRequest) -> bool:
    return ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback


def options_of(request: HttpRequest) -> JSON:
    """What the JSON body and the query ask for."""
    return body_of(request) | request.GET.dict()
