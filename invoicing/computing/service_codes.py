"""The service code (SAC) of a line, and the rate of tax for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import INDIA
from billing_platform.lib.vocabularies import country_name
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.tax_abroad import TaxAbroad
from invoicing.gst_heads import TaxHead
from invoicing.lines import Line


def with_service_codes(facts: InvoiceFacts, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines, each with its own code or else the seller's (CGST Rule 46 (g)). Sellers outside India have none."""
    default = facts.seller.default_sac if facts.seller.country == INDIA else ""
    return tuple(replace(line, sac=line.sac or default) for line in lines)


def rate_of(facts: InvoiceFacts, sac: str) -> Decimal:
    """The rate in per cent on the document's day: that of the code, or else that of every service.

    Raises DomainError TAX_RATE_MISSING where there is neither.
    """
    found = facts.tax_rates.get(sac, facts.tax_rates.get(""))
    if found is None:
        raise DomainError(
            f"There is no tax rate for service code {sac or '(none)'} on {day_text(facts.day)}: add one.",
            code="TAX_RATE_MISSING",
        )
    return found


def head_abroad(facts: InvoiceFacts, abroad: TaxAbroad, sac: str) -> TaxHead | None:
    """The tax of another country on the document's day: of the code, or else of every service; None where none is due.

    Raises DomainError TAX_RATE_MISSING where one is due, and no rate of it is on record.
    """
    if not abroad.charged_in:
        return None
    rates, country = facts.rates_abroad, abroad.charged_in
    found = rates.get((country, sac), rates.get((country, "")))
    if found is None and not abroad.is_optional:
        raise DomainError(
            f"There is no tax rate of {country_name(country)} on {day_text(facts.day)}: add one (0% if no tax is due).",
            code="TAX_RATE_MISSING",
        )
    return found
