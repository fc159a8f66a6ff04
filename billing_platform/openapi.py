"""The OpenAPI document: one address per endpoint; as YAML, or as JSON for whoever accepts or asks for that."""

from __future__ import annotations

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView


def only_versioned(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """The short forms (/events, /webhooks/razorpay) answer too, but are one endpoint with the long ones."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


class SchemaView(SpectacularAPIView):
    permission_classes = []
    authentication_classes = []

    def get_renderers(self) -> list[Any]:
        """Only here `?format=json` chooses how to write: elsewhere it is left to the view (URL_FORMAT_OVERRIDE)."""
        if self.request.GET.get("format") == "json":
            return [OpenApiJsonRenderer2(), OpenApiJsonRenderer()]
        found: list[Any] = super().get_renderers()
        return found
