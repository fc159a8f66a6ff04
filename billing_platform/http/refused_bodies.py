"""Requests whose body `rsgi.py` did not wait for: refused with an id, a log line and the error envelope."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from django.http import HttpRequest, HttpResponse

from billing_platform.lib.http.api import error_response

REFUSED = "billing_platform.refused_body"
_RETRY = {"Retry-After": "2"}


class Refusal(Enum):
    """Why a body was not waited for: status, code, sentence and headers of the answer."""

    TOO_SLOW = (408, "REQUEST_TIMEOUT", "The body did not arrive in time. Send it again.", {"Connection": "close"})
    CUT_OFF = (400, "VALIDATION_ERROR", "The body could not be read to its end.", None)
    TOO_LARGE = (413, "PAYLOAD_TOO_LARGE", "The body is too large.", None)
    BUSY = (503, "UNAVAILABLE", "Too many large bodies arrive just now. Send it again.", _RETRY)
    NO_KEY = (401, "UNAUTHENTICATED", "Send a known key.", None)


class RefusedBodyMiddleware:
    """Answers instead of the view, which would take a body that was not read for an empty one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal: Refusal | None = request.META.get(REFUSED)
        if refusal is None:
            return self.get_response(request)
        status, code, sentence, headers = refusal.value
        return error_response(sentence, code=code, status_code=status, headers=headers)
