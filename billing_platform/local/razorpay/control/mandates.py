"""What payers and banks do to mandates."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from billing_platform.local.razorpay.control.endpoint import Route, control
from billing_platform.local.razorpay.errors import JSON
from billing_platform.local.razorpay.mandate_entities import registration_link_json, token_json
from billing_platform.local.razorpay.models import Token
from billing_platform.local.razorpay.services import registration_links, tokens

VERBS: dict[str, Callable[..., Token]] = {
    "confirm": tokens.confirm_token,
    "reject": tokens.reject_token,
    "pause": tokens.pause_token,
    "resume": tokens.resume_token,
    "cancel": tokens.cancel_token,
}


def _change(change: Callable[..., Token]) -> Callable[..., HttpResponse]:
    def handler(request: HttpRequest, token_id: str) -> JSON:
        return token_json(change(token_id=token_id))

    return control(POST=handler)


def _expire(request: HttpRequest, link_id: str) -> JSON:
    return registration_link_json(registration_links.expire_registration_link(link_id=link_id))


ROUTES: list[Route] = [
    *((f"tokens/<str:token_id>/{verb}", _change(change)) for verb, change in VERBS.items()),
    ("registration_links/<str:link_id>/expire", control(POST=_expire)),
]
