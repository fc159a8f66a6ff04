"""One URL of the API: authenticate, pick the verb, answer JSON or the error envelope."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from billing_platform.local.razorpay.errors import (
    JSON,
    RazorpayError,
    server_error,
    url_not_found,
    wrong_key,
    wrong_secret,
)

Handler = Callable[..., JSON]
View = Callable[..., HttpResponse]


def endpoint(**handlers: Handler) -> View:
    """A view from one function per verb; `GET=fetch` takes the request and the URL's parts."""

    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            authenticate(request)
            handler = handlers.get(request.method or "")
            if handler is None:
                raise url_not_found()
            return JsonResponse(handler(request, **parts))
        except RazorpayError as error:
            return error_response(error)

    return view


def authenticate(request: HttpRequest) -> None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise wrong_secret() from None
    if scheme != "Basic":  # Razorpay refuses "basic" and "BASIC", too
        raise wrong_secret()
    key_id, _, secret = decoded.partition(":")
    if not _matches(key_id, settings.RAZORPAY_KEY_ID):
        raise wrong_key()
    if not _matches(secret, settings.RAZORPAY_KEY_SECRET):
        raise wrong_secret()


def _matches(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def body_of(request: HttpRequest) -> JSON:
    """The JSON object in the body; nothing at all counts as an empty one."""
    body = json_of(request)
    if not isinstance(body, dict):
        raise RazorpayError("The request body must be a JSON object.")
    return body


def json_of(request: HttpRequest) -> Any:
    if not request.body.strip():
        return {}
    try:
        return json.loads(request.body)
    except ValueError:
        raise RazorpayError("The request body is not valid JSON.") from None


def error_response(error: RazorpayError) -> HttpResponse:
    return JsonResponse(error.envelope(), status=error.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Razorpay answers 400, not 404, to an address it does not know."""
    return error_response(url_not_found())


def crashed(request: HttpRequest) -> HttpResponse:
    return error_response(server_error())
