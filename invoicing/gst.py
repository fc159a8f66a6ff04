"""GST as documents need it: the numbers they may carry, and the vocabulary that organisations share with them."""

from __future__ import annotations

import re

from billing_platform.lib.gst import (
    INDIA,
    OTHER_COUNTRIES,
    STATES,
    UNION_TERRITORIES,
    GstError,
    Gstin,
    place_of_supply_label,
    state_name,
    validate_gstin,
)

__all__ = [
    "INDIA",
    "OTHER_COUNTRIES",
    "STATES",
    "UNION_TERRITORIES",
    "GstError",
    "Gstin",
    "place_of_supply_label",
    "state_name",
    "validate_document_number",
    "validate_gstin",
]

# Rule 46(b) as the e-invoice portal narrows it: 16 characters, not starting with 0, "/" or "-".
_DOCUMENT_NUMBER = re.compile(r"[A-Za-z1-9][A-Za-z0-9/-]{0,15}")


def validate_document_number(text: str) -> str:
    """The number in upper case, as the portal compares it."""
    if not _DOCUMENT_NUMBER.fullmatch(text):
        raise GstError(
            f"{text!r} cannot number a tax document: 1 to 16 letters, digits, '-' and '/', "
            "not beginning with 0, '-' or '/' (rule 46)."
        )
    return text.upper()
