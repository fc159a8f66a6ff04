"""Razorpay's webhook: check the signature, store the message, answer. A worker processes the message later."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments.inbox.inbox import receive_webhook

SIGNATURE, EVENT_ID = "X-Razorpay-Signature", "X-Razorpay-Event-Id"


DESCRIBED = extend_schema(
    request=OpenApiTypes.OBJECT,
    parameters=[
        OpenApiParameter(SIGNATURE, str, OpenApiParameter.HEADER, required=True),
        OpenApiParameter(EVENT_ID, str, OpenApiParameter.HEADER),
    ],
    responses={
        200: OpenApiResponse(OpenApiTypes.OBJECT, description="Stored, or known already."),
        400: OpenApiResponse(OpenApiTypes.OBJECT, description="Bad signature or body; nothing is stored."),
    },
)


class SignedByRazorpay(APIView):
    """Answers whoever the signature proves to be Razorpay."""

    authentication_classes: list[Any] = []  # the signature is the authentication
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []
    parser_classes: list[Any] = []  # the signature is over the raw bytes: nothing may read them first

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """Whatever Razorpay says it accepts: a 406 would count as a failed delivery."""
        return JSONRenderer(), "application/json"

    def receive(self, request: Request, account_id: UUID | None = None) -> Response:
        webhook = receive_webhook(
            body=request._request.body,
            signature=request.headers.get(SIGNATURE, ""),
            event_id=request.headers.get(EVENT_ID, ""),
            headers=request.headers,
            account_id=account_id,
        )
        return Response({"status": "ok", "event_id": webhook.event_id})


class RazorpayWebhook(SignedByRazorpay):
    """Stores a signed event of Razorpay: 200 when it is stored or known already, 400 when signature or body is bad."""

    @DESCRIBED
    def post(self, request: Request) -> Response:
        return self.receive(request)


class RazorpayAccountWebhook(SignedByRazorpay):
    """The same for one seller's account at Razorpay: only its own secret counts. 404 if there is no such account."""

    @DESCRIBED
    @extend_schema(operation_id="webhooks_razorpay_account_create")
    def post(self, request: Request, account_id: UUID) -> Response:
        return self.receive(request, account_id)
