"""Parts of a customer's billing configuration that apps to the right keep, shown and changed at `/billing-config`.

An app registers a part in its `AppConfig.ready()`, as with `organisations.customer_changes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.registry import Registry
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class ConfigPart:
    """`read` gives the part as JSON. `write` stores what was sent of it and raises InvalidInput at the part's fields;
    without it the part only shows."""

    name: str
    read: Callable[[Organisation], Any]
    write: Callable[[Organisation, Any], None] | None = None


parts: Registry[ConfigPart] = Registry()


def read_parts(organisation: Organisation) -> dict[str, Any]:
    return {part.name: part.read(organisation) for part in parts}


def write_parts(organisation: Organisation, sent: dict[str, Any]) -> None:
    """Store the parts that were sent; what is no part is left alone. Raises InvalidInput for one that only shows."""
    for part in parts:
        if part.name not in sent:
            continue
        if part.write is None:
            raise InvalidInput.field(part.name, "This only shows what follows from the other fields.")
        part.write(organisation, sent[part.name])
