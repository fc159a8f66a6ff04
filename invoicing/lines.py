"""A line of an invoice as a plain value: rating makes it, `computing/` adds code and tax, drafting stores it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from billing_platform.lib.money import ZERO
from invoicing.gst_heads import TaxAmount, TaxHead, tax_line
from invoicing.steps import Step


class LineKind(StrEnum):
    USAGE = "usage"
    LATE_USAGE = "late_usage"
    MINIMUM = "minimum"
    RECURRING = "recurring"
    ONE_OFF = "one_off"


@dataclass(frozen=True, slots=True)
class Line:
    """One line before it has an invoice.

    `amount` is rounded, before discount and tax; `heads` are the taxes on what the discount leaves. `service_start`
    and `service_end` are half-open days of the organisation's time zone; `used_in` is the first day of the month in
    which the usage happened. `steps` is the exact working that adds up to the amount before it was rounded.
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
    price: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @property
    def metric(self) -> tuple[str, str]:
        """Name and unit of the metric; both empty on a line without usage."""
        return self.metric_name, self.unit

    @property
    def taxable_amount(self) -> Decimal:
        return self.amount - self.discount if self.taxable else ZERO

    def taxes(self, currency: str) -> tuple[TaxAmount, ...]:
        """Each head on the taxable amount, rounded to the currency."""
        return tax_line(self.taxable_amount, self.heads, currency) if self.taxable else ()
