"""What a portal would refuse, or ask about, in something that was made for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Mend(StrEnum):
    """Where the cause is put right."""

    SELLER = "seller"
    CUSTOMER = "customer"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for people. `field` is the path in the file; `code` the portal's own, empty where it has none."""

    field: str
    message: str
    code: str = ""
    mend: Mend = Mend.DOCUMENT
    blocks: bool = True


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    return [each for each in findings if each.blocks]
