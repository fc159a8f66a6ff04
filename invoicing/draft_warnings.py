"""What a draft warns of: usage that is not billed, facts that are missing, and what stops it from being issued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from billing_platform.lib.number_formats import plain_text


class WarningCode(StrEnum):
    """Codes of warnings that drafting makes itself. Reasons of tax and rates keep the code of their DomainError."""

    UNPRICED_USAGE = "UNPRICED_USAGE"
    QUANTITY_TOO_LARGE = "QUANTITY_TOO_LARGE"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    UNPRINTABLE_LETTERS = "UNPRINTABLE_LETTERS"
    PARTICULAR_MISSING = "PARTICULAR_MISSING"
    EXCHANGE_RATE_MISSING = "EXCHANGE_RATE_MISSING"
    EXCHANGE_RATE_OLD = "EXCHANGE_RATE_OLD"
    NO_LUT = "NO_LUT"
    ISSUE_SOON = "ISSUE_SOON"
    SERVICE_CODE_REFUSED = "SERVICE_CODE_REFUSED"
    GST_RATE_REFUSED = "GST_RATE_REFUSED"
    FEE_IN_OTHER_CURRENCY = "FEE_IN_OTHER_CURRENCY"


@dataclass(frozen=True, slots=True)
class DraftWarning:
    """One sentence for people, with what programs and pages need to lead to the remedy.

    `blocks`: the draft can't be issued while the warning stands. `metric_name` and `unit` name the usage at fault,
    `party` ("seller" or "customer") whose record lacks something, `project_id` the project whose name can't be printed,
    `currency` the one that has no exchange rate; `quantity` and `event_count` say how much usage.
    """

    code: str
    message: str
    blocks: bool = False
    metric_name: str | None = None
    unit: str | None = None
    quantity: Decimal | None = None
    event_count: int | None = None
    party: str | None = None
    currency: str | None = None
    project_id: UUID | None = None

    def to_json(self) -> dict[str, Any]:
        """As the invoice keeps it and the API sends it: what does not apply is left out."""
        content: dict[str, Any] = {"code": str(self.code), "message": self.message}
        if self.metric_name is not None:
            content |= {"metric_name": self.metric_name, "unit": self.unit}
        if self.quantity is not None:
            content |= {"quantity": plain_text(self.quantity), "event_count": self.event_count}
        if self.blocks:
            content["blocks"] = True
        if self.party is not None:
            content["party"] = self.party
        if self.currency is not None:
            content["currency"] = self.currency
        if self.project_id is not None:
            content["project"] = str(self.project_id)
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> DraftWarning:
        quantity = content.get("quantity")
        return cls(
            code=content["code"],
            message=content["message"],
            blocks=content.get("blocks", False),
            metric_name=content.get("metric_name"),
            unit=content.get("unit"),
            quantity=None if quantity is None else Decimal(quantity),
            event_count=content.get("event_count"),
            party=content.get("party"),
            currency=content.get("currency"),
            project_id=UUID(content["project"]) if "project" in content else None,
        )
