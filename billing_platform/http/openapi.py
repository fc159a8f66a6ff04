"""The OpenAPI document: one address per endpoint, with its errors; as YAML, or as JSON for callers who ask for that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from billing_platform.lib.http.addresses import VERSIONED

# The error envelope of billing_platform.lib.http.api.
_ERROR = {
    "type": "object",
    "required": ["error", "code", "status_code", "details", "request_id"],
    "properties": {
        "error": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "For programs, such as VALIDATION_ERROR."},
        "status_code": {"type": "integer"},
        "details": {"type": "object", "additionalProperties": {}, "description": "Sentences by bad field."},
        "request_id": {"type": "string", "description": "To be quoted to support."},
    },
}
_REASONS = {
    "400": "A parameter or field is wrong; `details` names it.",
    "401": "No key, or one that is unknown, revoked or expired.",
    "403": "The key's scope or its owner's role does not allow it.",
    "404": "There is no such object in the key's organisations.",
    "409": "The state of things does not allow it; `code` says why.",
    "412": "The object was changed meanwhile: `If-Match` names another version than the answer's `ETag`.",
    "413": "The body is too large.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
    "503": "The database is away; `Retry-After` says how many seconds to wait.",
    "502": "The payment gateway refused, or did not answer.",
}
_EXAMPLES = Path(__file__).with_name("request_examples.json")  # written by `make examples`
_ALWAYS = {"400", "401", "403", "429"}


def only_versioned(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Leave out the short forms (/events, /webhooks/razorpay): each is the same endpoint as its long form."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(VERSIONED)]


_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again within 24 hours, the request is answered as the first time, and does nothing.",
    "schema": {"type": "string", "maxLength": 255},
}
_VERSION = {"type": "string", "example": '"5d41402abc4b2a76b9719d911017c592"'}
_ETAG = {"ETag": {"description": "The version of the object, for If-Match and If-None-Match.", "schema": _VERSION}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "Do it only if the object is still this version.",
    "schema": _VERSION,
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "Answer 304 without a body if the object is still this version.",
    "schema": _VERSION,
}
_CHANGES = {"put", "patch", "delete"}


def with_safe_repeats(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The headers that make a repeated request harmless and a lost update impossible, wherever they are honoured."""
    for path, operations in result["paths"].items():
        versioned = "get" in operations and bool(_CHANGES & set(operations))
        for method, operation in operations.items():
            headers = operation.setdefault("parameters", [])
            if method != "get" and ("/admin/" in path or "/payments/" in path):
                headers.append(_ONCE)
            if versioned and method in _CHANGES:
                headers.append(_IF_MATCH)
                operation["responses"]["412"] = _described("412")
            if versioned and method == "get":
                headers.append(_IF_NONE_MATCH)
                operation["responses"]["304"] = {"description": "The client has this version.", "headers": _ETAG}
            if versioned and method != "delete" and "200" in operation["responses"]:
                operation["responses"]["200"]["headers"] = _ETAG
    return result


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Every operation may answer with the envelope: the statuses that its kind of request can meet."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _ERROR
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in sorted(_statuses(path, method)):
                operation["responses"].setdefault(status, _described(status))
    return result


def with_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """To each operation that reads a body the one of docs/api.md."""
    bodies = json.loads(_EXAMPLES.read_text(encoding="utf-8"))
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            body = bodies.get(f"{method.upper()} {path}")
            if body is not None:
                operation["requestBody"]["content"]["application/json"]["example"] = body
    return result


def _statuses(path: str, method: str) -> set[str]:
    found = {"400", "413"} if path.endswith("/webhooks/razorpay") else set(_ALWAYS)
    if "{" in path or "/payments/" in path:
        found.add("404")
    if method != "get":
        found |= {"404", "409", "413"} if "/admin/" in path or "/payments/" in path else {"413"}
    if method == "post" and "/payments/" in path:
        found.add("502")
    if method == "post" and "/v1/events" in path:
        found.add("503")
    return found


def _described(status: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": _REASONS[status], "content": {"application/json": {"schema": schema}}}


class SchemaView(SpectacularAPIView):
    """The document is the same for every caller and takes half a second to make: made once for each media type."""

    permission_classes = []
    authentication_classes = []
    _made: dict[str, Any] = {}

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        form = str(renderer.media_type)
        if form not in self._made:
            document = super().get(request, *args, **kwargs).data  # type: ignore[no-untyped-call]  # no types
            self._made[form] = renderer.render(document, form, self.get_renderer_context())
        return HttpResponse(self._made[form], content_type=form)

    def get_renderers(self) -> list[Any]:
        """`?format=json` chooses the renderer in this view only: other views read `format` themselves."""
        if self.request.GET.get("format") == "json":
            return [OpenApiJsonRenderer2(), OpenApiJsonRenderer()]
        found: list[Any] = super().get_renderers()
        return found
