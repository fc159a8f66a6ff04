"""The service code (SAC) of a line, and the rate of tax for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.lines import Line


def with_service_codes(facts: InvoiceFacts, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines, each with its own code or else the seller's (CGST Rule 46 (g))."""
    return tuple(replace(line, sac=line.sac or facts.seller.default_sac) for line in lines)


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
