"""What a message says of an object: each app registers how its objects look in the API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing_platform.lib.registry import Registry

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class PayloadMaker:
    subject: str
    """The first word of the types of events that are about such objects: "invoice"."""
    make: Callable[[Collection[UUID]], Mapping[UUID, Payload]]
    """Reads objects as they stand in the caller's transaction, in a number of queries that does not grow with them."""


PAYLOADS: Registry[PayloadMaker] = Registry()


def payloads_of(event_type: str, object_ids: Collection[UUID]) -> Mapping[UUID, Payload]:
    """The objects, in the shape that the API answers with. Raises LookupError where no app has registered the kind."""
    subject = event_type.partition(".")[0]
    for maker in PAYLOADS:
        if maker.subject == subject:
            return maker.make(object_ids)
    raise LookupError(f"No app says what {event_type} holds.")
