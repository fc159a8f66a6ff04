"""The OpenAPI document: one address per endpoint, and those that bypass DRF as well."""

from __future__ import annotations

from typing import Any

from events.api import openapi as events


def only_versioned(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """The short forms (/events, /webhooks/razorpay) answer too, but are one endpoint with the long ones."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def add_event_endpoints(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    result["paths"] = dict(sorted({**result["paths"], **events.PATHS}.items()))
    result["components"]["schemas"] = dict(sorted({**result["components"]["schemas"], **events.SCHEMAS}.items()))
    return result
