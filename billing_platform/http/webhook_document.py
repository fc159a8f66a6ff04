"""Outgoing webhooks in the OpenAPI document: each type of event, with the message that is sent, under `x-webhooks`.

OpenAPI 3.1 calls the section `webhooks`; in a document of version 3.0 it stands under the name that tools read there.
"""

from __future__ import annotations

from typing import Any

from organisations.models.webhook_endpoint import CURRENT_VERSION
from organisations.webhooks.event_types import EVENT_TYPES, TEST
from payments.api.webhook_payloads import DisputeSerializer

_COMPONENTS = {
    "invoice": "InvoiceDetail",
    "credit_note": "CreditNoteDetail",
    "payment": "Payment",
    "refund": "Refund",
    "price": "PricingRule",
    "alert": "Alert",
}
"""What the API answers with, by the first word of the type."""
_THIN = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}}}
_INLINE = {
    "dispute": {"type": "object", "properties": {name: {} for name in DisputeSerializer.Meta.fields}},
    "usage": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "project": {"type": "string", "format": "uuid"},
            "waiting": {"type": "integer", "description": "Dead letters that nobody has decided about."},
            "until": {"type": "string", "format": "date-time"},
        },
    },
}
_HEADERS = {
    "webhook-id": "The message's id: the same when it comes again.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; one for each secret in use.",
}


def with_webhooks(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    types = {**EVENT_TYPES, TEST: "Somebody pressed “Send a test”."}
    result["x-webhooks"] = {name: {"post": _operation(name, sentence)} for name, sentence in types.items()}
    return result


def _operation(name: str, sentence: str) -> dict[str, Any]:
    return {
        "operationId": f"webhook_{name.replace('.', '_')}",
        "summary": sentence,
        "tags": ["webhooks"],
        "parameters": [
            {"in": "header", "name": header, "required": True, "description": said, "schema": {"type": "string"}}
            for header, said in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _message(name)}}},
        "responses": {
            "2XX": {"description": "The receiver took it."},
            "410": {"description": "The receiver wants no more messages: the endpoint is disabled."},
        },
    }


def _message(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "id", "timestamp", "version", "data"],
        "properties": {
            "type": {"type": "string", "enum": [name]},
            "id": {"type": "string", "example": "msg_6a3c0f6d1c0b4ab5a2f4f5f0c9e3b111"},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "version": {"type": "string", "enum": [CURRENT_VERSION]},
            "data": {"oneOf": [_data(name.partition(".")[0]), _THIN]},
        },
    }


def _data(subject: str) -> dict[str, Any]:
    if subject in _COMPONENTS:
        return {"$ref": f"#/components/schemas/{_COMPONENTS[subject]}"}
    return _INLINE.get(subject, _THIN)
