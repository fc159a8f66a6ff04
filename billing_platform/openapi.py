"""The OpenAPI document: one address per endpoint."""

from __future__ import annotations

from typing import Any


def only_versioned(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """The short forms (/events, /webhooks/razorpay) answer too, but are one endpoint with the long ones."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
