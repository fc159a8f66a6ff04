"""The two endpoints that bypass DRF, described by hand for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from events.models.metric import NAME_LENGTH, UNIT_LENGTH

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event_id", "metric_name", "metric_value", "unit"],
    "properties": {
        "event_id": {"type": "string", "maxLength": 255, "description": "Counted once per project."},
        "metric_name": {"type": "string", "maxLength": NAME_LENGTH},
        "metric_value": {
            "oneOf": [{"type": "string"}, {"type": "number"}],
            "description": "0 or more, at most 8 decimals. A string keeps every digit on its way here.",
        },
        "unit": {"type": "string", "maxLength": UNIT_LENGTH},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened; now, if left out."},
        "metadata": {"type": "object", "additionalProperties": True, "description": "At most 8 KB."},
    },
}
REJECTION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "index": {"type": "integer"},
        "event_id": {"type": "string", "nullable": True},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}
SCHEMAS = {"Event": EVENT, "EventRejection": REJECTION}

_EVENT = {"$ref": "#/components/schemas/Event"}
_STATUS = {"type": "string", "enum": ["accepted"]}


def _operation(name: str, description: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "description": description,
        "tags": ["usage"],
        "security": [{"apiKey": []}],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "202": {
                "description": "Stored, and will be counted once.",
                "content": {"application/json": {"schema": {"type": "object", "properties": answer}}},
            }
        },
    }


PATHS: dict[str, Any] = {
    "/api/v1/events": {
        "post": _operation(
            "events_create",
            "Report one event.",
            {"application/json": {"schema": _EVENT}},
            {"status": _STATUS, "event_id": {"type": "string"}},
        )
    },
    "/api/v1/events/batch": {
        "post": {
            **_operation(
                "events_batch_create",
                "Report up to 10,000 events in 10 MB; gzip is accepted. Valid ones are kept when others are not.",
                {
                    "application/json": {
                        "schema": {"type": "object", "properties": {"events": {"type": "array", "items": _EVENT}}}
                    },
                    "application/x-ndjson": {"schema": {"type": "string", "description": "One event a line."}},
                },
                {
                    "status": _STATUS,
                    "batch_id": {"type": "string", "format": "uuid"},
                    "accepted": {"type": "integer"},
                    "rejected": {"type": "array", "items": {"$ref": "#/components/schemas/EventRejection"}},
                },
            ),
            "parameters": [
                {
                    "in": "query",
                    "name": "atomic",
                    "schema": {"type": "boolean"},
                    "description": "All or nothing: one bad event refuses the request.",
                }
            ],
        }
    },
}
