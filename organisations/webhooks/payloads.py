"""What a message says of an object: each app registers how its objects look in the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from billing_platform.lib.registry import Registry

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class PayloadMaker:
    subject: str
    """The first word of the types of events that are about such objects: "invoice"."""
    rows: Callable[[], QuerySet[Any]]
    """The objects with all that `shape` reads, in a number of queries that does not grow with them."""
    shape: Callable[[Any], Payload]
    """What the API says of one of them."""


PAYLOADS: Registry[PayloadMaker] = Registry()


def maker_of(event_type: str) -> PayloadMaker:
    """Raises LookupError where no app has registered the kind."""
    subject = event_type.partition(".")[0]
    for maker in PAYLOADS:
        if maker.subject == subject:
            return maker
    raise LookupError(f"No app says what {event_type} holds.")
