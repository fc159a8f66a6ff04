"""Which heads of tax each line of an invoice has, and the supply that they follow from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import INDIA
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.service_codes import head_abroad, rate_of, with_service_codes
from invoicing.computing.tax_abroad import TaxAbroad, tax_abroad
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.gst_heads import SupplyContext, SupplyKind, TaxHead, place_of_supply, tax_heads
from invoicing.lines import Line


def tax_lines(
    facts: InvoiceFacts, lines: Sequence[Line]
) -> tuple[SupplyContext | None, tuple[Line, ...], list[DraftWarning]]:
    """The supply, and the lines with service code and heads; without heads where tax can't be known."""
    coded = with_service_codes(facts, lines)
    supply, abroad = None, tax_abroad(facts.seller, facts.customer)
    try:
        supply = place_of_supply(facts.seller.tax_profile, facts.customer.tax_profile, on=facts.day)
        heads = {sac: _heads(facts, supply, abroad, sac) for sac in sorted({line.sac for line in coded})}
    except DomainError as error:
        return supply, coded, [DraftWarning(error.code, error.message, blocks=True)]
    taxed = tuple(replace(line, heads=heads[line.sac]) for line in coded)
    return supply, taxed, _lapsed_lut(facts, supply)


def _heads(facts: InvoiceFacts, supply: SupplyContext, abroad: TaxAbroad, sac: str) -> tuple[TaxHead, ...]:
    """Raises DomainError TAX_RATE_MISSING where tax is due and neither the code nor every service has a rate."""
    if supply.kind == SupplyKind.NO_GST:
        head = head_abroad(facts, abroad, sac)
        return (head,) if head is not None and head.rate else ()
    if supply.is_zero_rated:
        return ()
    return tax_heads(supply, rate_of(facts, sac))


def _lapsed_lut(facts: InvoiceFacts, supply: SupplyContext) -> list[DraftWarning]:
    """Integrated tax is charged only because no letter of undertaking covers the day."""
    with_payment = (SupplyKind.EXPORT_WITH_PAYMENT, SupplyKind.SEZ_WITH_PAYMENT)
    if supply.kind not in with_payment or facts.seller.country != INDIA:
        return []
    message = (
        f"No letter of undertaking of {facts.seller.name} covers {day_text(facts.day)}: integrated tax is charged."
    )
    return [DraftWarning(WarningCode.NO_LUT, message)]
