"""A line of an invoice as a plain value: rating makes it, `computing/` adds code and tax, drafting stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import short_text
from invoicing.gst_heads import TaxAmount, TaxHead, tax_line
from invoicing.steps import Step


class LineKind(StrEnum):
    USAGE = "usage"
    LATE_USAGE = "late_usage"
    MINIMUM = "minimum"
    RECURRING = "recurring"
    ONE_OFF = "one_off"


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """What one discount takes off one line, before tax. `terms` says it in words, as it was: "10% of API calls"."""

    discount_id: UUID
    name: str
    terms: str
    amount: Decimal

    @property
    def text(self) -> str:
        """As pages and documents name it: "Launch offer (10%)"."""
        return f"{self.name} ({self.terms})"

    def to_json(self) -> dict[str, Any]:
        own = {"name": self.name, "terms": self.terms, "amount": short_text(self.amount)}
        return {"discount": str(self.discount_id), **own}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> LineDiscount:
        return cls(UUID(content["discount"]), content["name"], content["terms"], Decimal(content["amount"]))


@dataclass(frozen=True, slots=True)
class Line:
    """One line before it has an invoice.

    `amount` is rounded, before discount and tax; `discounts` add up to `discount`; `heads` are the taxes on what the
    discount leaves. `service_start` and `service_end` are half-open days of the organisation's time zone; `used_in` is
    the first day of the month in which the usage happened. `steps` is the exact working that adds up to the amount
    before it was rounded.
    """

    kind: str
    amount: Decimal
    heads: tuple[TaxHead, ...] = ()
    taxable: bool = True
    discount: Decimal = ZERO
    description: str = ""
    quantity: Decimal = ZERO
    unit_price: Decimal | None = None
    sac: str = ""
    project_id: UUID | None = None
    metric_name: str = ""
    unit: str = ""
    unit_label: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    service_start: date | None = None
    service_end: date | None = None
    used_in: date | None = None
    pricing_rule_id: UUID | None = None
    recurring_fee_id: UUID | None = None
    minimum_charge_id: UUID | None = None
    price: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    discounts: tuple[LineDiscount, ...] = ()

    @property
    def metric(self) -> tuple[str, str]:
        """Name and unit of the metric; both empty on a line without usage."""
        return self.metric_name, self.unit

    @property
    def discounted_amount(self) -> Decimal:
        """What the discounts leave, before tax."""
        return self.amount - self.discount

    @property
    def taxable_amount(self) -> Decimal:
        return self.discounted_amount if self.taxable else ZERO

    def taxes(self, currency: str) -> tuple[TaxAmount, ...]:
        """Each head on the taxable amount, rounded to the currency."""
        return tax_line(self.taxable_amount, self.heads, currency) if self.taxable else ()
