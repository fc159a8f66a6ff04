"""Where an issued invoice stands when its PDF is asked for.

The document is frozen and says what was issued. What happened to it since stands beside it, as one value: a void
invoice asks for nothing, a paid one neither, and of a partly paid one only the rest is still to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Stage(StrEnum):
    ISSUED = "issued"
    PARTLY_PAID = "partly paid"
    NOTHING_DUE = "nothing_due"
    CREDITED = "credited"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Registration:
    """An e-invoice's registration with the portal, as it answered: Rule 46 (r)."""

    irn: str
    ack_number: str
    ack_date: str  # as the portal writes it: 2026-11-01 10:15:00
    signed_qr: str
    """The whole signed text: a code of it is what an officer scans."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`due` is what is left to pay, None where nothing was paid yet: then it is the document's total."""

    stage: Stage = Stage.ISSUED
    due: Decimal | None = None
    void_on: date | None = None  # in the seller's time zone
    void_reason: str = ""
    note: str = ""  # what is said instead of how to pay where nothing is due, or beside what is due
    registration: Registration | None = None

    @property
    def asks_for_money(self) -> bool:
        return self.stage in (Stage.ISSUED, Stage.PARTLY_PAID)


AS_ISSUED = Standing()
"""The document as it was sent: what is stored and attached to the e-mail."""
