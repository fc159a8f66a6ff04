"""What all readers of Razorpay's messages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]
NOT_HANDLED = "Messages of this type are stored, and lead to no action."


class Ignored(Exception):
    """Nothing is to be done about the message; the reason is stored on its row, in one sentence."""


def entity_of(payload: Payload, name: str) -> Payload | None:
    holder = payload.get(name)
    entity = holder.get("entity") if isinstance(holder, dict) else None
    return entity if isinstance(entity, dict) else None
