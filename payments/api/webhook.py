"""Razorpay's webhook: check the signature, store the message, answer. A worker processes the message later.

A plain Django view without DRF, for the fast path (`http/fast_path.py`): Razorpay sends bursts.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.views import APIView

from billing_platform.lib.database.connections import renew_connection
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.http.api import domain_error_response, error_response
from payments.inbox.receiving import MAX_BODY_BYTES, receive_webhook, too_large

SIGNATURE, EVENT_ID = "X-Razorpay-Signature", "X-Razorpay-Event-Id"
_RETRY_AFTER = "2"  # seconds

logger = logging.getLogger(__name__)


@csrf_exempt
def razorpay_webhook(request: HttpRequest) -> HttpResponse:
    """Store a signed event: 200 when it is stored or known already, 400 when signature or body is bad."""
    return _receive(request)


@csrf_exempt
def razorpay_account_webhook(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """The same for one seller's account at Razorpay: only its own secret counts. 404 if there is no such account."""
    return _receive(request, account_id)


def _receive(request: HttpRequest, account_id: UUID | None = None) -> HttpResponse:
    """What can't be stored just now is answered with 503: Razorpay sends it again."""
    if request.method != "POST":
        return error_response("Webhooks are sent by POST.", status_code=405, headers={"Allow": "POST"})
    try:
        body = _read_body(request)
        renew_connection()
        webhook = receive_webhook(
            body=body,
            signature=request.headers.get(SIGNATURE, ""),
            event_id=request.headers.get(EVENT_ID, ""),
            headers=request.headers,
            account_id=account_id,
        )
    except DomainError as error:
        return domain_error_response(error)
    except (OperationalError, InterfaceError):
        logger.exception("webhook not stored")
        message = "The message could not be stored just now. Send it again."
        return error_response(message, code="UNAVAILABLE", status_code=503, headers={"Retry-After": _RETRY_AFTER})
    return JsonResponse({"status": "ok", "event_id": webhook.event_id})


def _read_body(request: HttpRequest) -> bytes:
    """The raw bytes, which the signature is over; a body that is too long is not read."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > MAX_BODY_BYTES:
            raise too_large()
        body = request.body
    except RequestDataTooBig:
        raise too_large() from None
    except (UnreadablePostError, ValueError):
        raise InvalidInput("The body could not be read to its end.", code="INVALID_BODY") from None
    if len(body) < length:
        raise InvalidInput("The body is shorter than its Content-Length says.", code="INVALID_BODY")
    return body


_DESCRIBED: dict[str, Any] = {
    "request": OpenApiTypes.OBJECT,
    "parameters": [
        OpenApiParameter(SIGNATURE, str, OpenApiParameter.HEADER, required=True),
        OpenApiParameter(EVENT_ID, str, OpenApiParameter.HEADER),
    ],
    "responses": {
        200: OpenApiResponse(OpenApiTypes.OBJECT, description="Stored, or known already."),
        400: OpenApiResponse(OpenApiTypes.OBJECT, description="Bad signature or body; nothing is stored."),
    },
}


class RazorpayWebhook(APIView):
    """How the API's documents describe the view. Nothing here runs on a request."""

    authentication_classes: list[Any] = []  # the signature is the authentication
    permission_classes: list[Any] = []

    @extend_schema(
        **_DESCRIBED,
        description="Stores a signed event of Razorpay: 200 when it is stored or known already, 400 when signature or "
        "body is bad.",
    )
    def post(self, request: Any) -> HttpResponse:
        raise NotImplementedError


class RazorpayAccountWebhook(APIView):
    """The same for the address of one seller's account."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    @extend_schema(
        **_DESCRIBED,
        operation_id="webhooks_razorpay_account_create",
        description="The same for one seller's account at Razorpay: only its own secret counts. 404 if there is no "
        "such account.",
    )
    def post(self, request: Any, account_id: UUID) -> HttpResponse:
        raise NotImplementedError
