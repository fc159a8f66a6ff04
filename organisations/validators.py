"""The address by which migrations know two of the validators; they live in `billing_platform/lib/validators.py`."""

from __future__ import annotations

from billing_platform.lib.validators import validate_currency, validate_time_zone

__all__ = ["validate_currency", "validate_time_zone"]
