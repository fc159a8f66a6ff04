"""What an invoice is computed from: read once by `invoicing.services.facts.invoice_facts`, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from invoicing.computing.parties import Customer, Seller
from invoicing.computing.terms import Terms
from invoicing.gst_heads import TaxHead
from invoicing.lines import Line
from invoicing.look import Template
from invoicing.pricing.month_facts import MonthFacts
from invoicing.rates import BOOKS, Rate


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """Facts that compare equal give the same invoice.

    `day` is today in the seller's time zone: the document's date, for which LUT, tax rates and exchange rate hold.
    `tax_rates` are percentages of GST by service code; the empty code is every other service. `rates_abroad` are the
    taxes of other countries, by country and service code. `exchange_rate` is the last one
    up to the day, however old; None where none is known or none is needed. A month's invoice has `month`, and the
    `terms` of that month. `lines` are those that a person typed: all of a one-off invoice, or those beside the month's.
    `template` is the one that the document is issued with; None: the built-in. `sac_digits` are those that GST returns
    ask for in a service code, at least.
    """

    day: date
    currency: str
    seller: Seller
    customer: Customer
    tax_rates: Mapping[str, Decimal]
    rates_abroad: Mapping[tuple[str, str], TaxHead] = field(default_factory=dict)
    exchange_rate: Rate | None = None
    month: MonthFacts | None = None
    terms: Terms = field(default_factory=Terms)
    lines: tuple[Line, ...] = ()
    template: Template | None = None
    sac_digits: int = 4

    @property
    def needs_exchange_rate(self) -> bool:
        """Whether the document states its values in rupees too."""
        return self.seller.charges_gst and self.currency != BOOKS
