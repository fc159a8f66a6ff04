"""What a daily statement says, and the text of it that is hashed and signed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar

from django.db import models

FORM = 1
NO_STATEMENT = "0" * 64
"""Stands for the hash of the statement before the first one."""


class Tree(models.TextChoices):
    """What the leaves of a tree are."""

    LEDGER = "ledger", "Ledger entries"
    DOCUMENTS = "documents", "Documents"


_PLAIN: dict[str, type] = {"int": int, "str": str}
Made = TypeVar("Made", "Content", "Received", "Ledger", "Documents")


class Unreadable(ValueError):
    """The text is not what a statement of this form says."""


@dataclass(frozen=True, slots=True)
class Received:
    """The events received on the day, as far as they were settled when the statement was made."""

    events: int = 0
    counted: int = 0
    duplicates: int = 0
    dead_lettered: int = 0

    @property
    def waiting(self) -> int:
        return self.events - self.counted - self.duplicates - self.dead_lettered


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries written into the ledger on the day."""

    entries: int
    root: str


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents issued on the day. `leaves` counts their lines and taxes too."""

    invoices: int
    credit_notes: int
    leaves: int
    root: str


@dataclass(frozen=True, slots=True)
class Content:
    """One day in UTC. `previous` is the hash of the statement before; `key` names the key that signs."""

    number: int
    day: date
    made_at: datetime
    received: Received
    ledger: Ledger
    documents: Documents
    previous: str
    key: str

    def text(self) -> str:
        """JSON with its names in order and without spaces. These bytes are hashed and signed."""
        return json.dumps(
            {"form": FORM, **asdict(self), "day": f"{self.day}", "made_at": self.made_at.isoformat()},
            sort_keys=True,
            separators=(",", ":"),
        )


def read(text: str) -> Content:
    """Raises Unreadable."""
    try:
        said: dict[str, Any] = json.loads(text)
        if said.pop("form") != FORM:
            raise Unreadable("It has another form.")
        return _checked(
            Content(
                **said
                | {
                    "day": date.fromisoformat(said["day"]),
                    "made_at": datetime.fromisoformat(said["made_at"]),
                    "received": _checked(Received(**said["received"])),
                    "ledger": _checked(Ledger(**said["ledger"])),
                    "documents": _checked(Documents(**said["documents"])),
                }
            )
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(str(error)) from None


def _checked(made: Made) -> Made:
    """The same. Raises Unreadable where a number is no number, or a text no text."""
    for field in fields(made):
        if not isinstance(getattr(made, field.name), _PLAIN.get(f"{field.type}", object)):
            raise Unreadable(f"Its {field.name} is of another type.")
    return made


def hash_of(text: str) -> str:
    """The SHA-256 of a statement's text, in hex: its link in the chain."""
    return sha256(text.encode()).hexdigest()
