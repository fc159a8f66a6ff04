"""Ids as they come in an address."""

from __future__ import annotations

from uuid import UUID


def read_uuid(text: object) -> UUID | None:
    """None for what is no UUID: an address may have anything."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
