"""Service codes and rates that the portals of GST returns and e-invoices refuse.

They block the draft: an issued document is frozen, and one that is refused would keep its whole month from being filed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billing_platform.lib.gst import RATES, is_service_heading
from billing_platform.lib.number_formats import format_percent
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line

E_INVOICE_DIGITS = 6
"""Of the service codes of a seller who makes e-invoices."""


def code_warnings(facts: InvoiceFacts, lines: Sequence[Line]) -> list[DraftWarning]:
    """Of lines that have their service codes; nothing where the seller charges no GST."""
    if not facts.seller.charges_gst:
        return []
    return [warning for sac in sorted({line.sac for line in lines}) for warning in _of_code(facts, sac)]


def _of_code(facts: InvoiceFacts, sac: str) -> Iterator[DraftWarning]:
    party = "seller" if sac == facts.seller.default_sac else None
    digits = _digits(facts)
    if len(sac) < digits:
        sentence = f"The service code {sac or '(none)'} needs {digits} digits in GST returns: enter the longer code."
        yield DraftWarning(WarningCode.SERVICE_CODE_REFUSED, sentence, blocks=True, party=party)
    elif not is_service_heading(sac):
        sentence = f"No service has a code that begins with {sac[:4]}, and GST returns refuse {sac}: enter another one."
        yield DraftWarning(WarningCode.SERVICE_CODE_REFUSED, sentence, blocks=True, party=party)
    rate = facts.tax_rates.get(sac, facts.tax_rates.get(""))
    if rate is not None and rate not in RATES:
        sentence = f"GST returns know no rate of {format_percent(rate)}, which is that of service code {sac}."
        yield DraftWarning(WarningCode.GST_RATE_REFUSED, sentence, blocks=True)


def _digits(facts: InvoiceFacts) -> int:
    first = facts.seller.e_invoices_from
    makes_e_invoices = first is not None and facts.day >= first
    return max(facts.sac_digits, E_INVOICE_DIGITS) if makes_e_invoices else facts.sac_digits
