"""How the operators' admin looks: Unfold's settings, and the sidebar by operator job."""

from __future__ import annotations

from typing import Any

UNFOLD: dict[str, Any] = {"SITE_TITLE": "Metrics Billing", "SITE_HEADER": "Metrics Billing"}
