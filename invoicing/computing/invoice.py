"""An invoice worked out: `InvoiceFacts` in, lines with their taxes, totals and warnings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import INDIA
from invoicing.computing.books import InBooks, Rate, in_books, old_rate_warning, usable_rate
from invoicing.computing.facts import InvoiceFacts
from invoicing.computing.missing_particulars import particular_warnings
from invoicing.computing.unprintable_letters import letter_warnings
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line
from invoicing.pricing.rating import rate
from invoicing.pricing.unbilled import within_bounds
from invoicing.tax import SupplyContext, SupplyKind, TaxHead, place_of_supply, tax_heads
from invoicing.totals import Totals, compute_totals


@dataclass(frozen=True, slots=True)
class Computed:
    """An invoice worked out, whether it is stored or only shown.

    Taxes are in `totals`: `line_taxes` has those of each line, in the order of `lines`. `supply` is None where the
    facts do not tell which tax is due, `in_books` where the exchange rate is missing: a blocking warning says so.
    `in_books` is None also where the seller charges no GST.
    """

    day: date  # the document's date, in the seller's time zone
    currency: str
    lines: tuple[Line, ...]
    totals: Totals
    supply: SupplyContext | None
    in_books: InBooks | None
    warnings: tuple[DraftWarning, ...]


def compute(facts: InvoiceFacts) -> Computed:
    """Lines, tax, totals, and what keeps the invoice from being issued. Tax is computed here, once, after discounts."""
    lines, warnings = _lines(facts)
    warnings += letter_warnings(seller=facts.seller, customer=facts.customer, lines=lines)
    usable, rate_warnings = _exchange_rate(facts)
    supply, taxed, tax_warnings = _taxed(facts, lines)
    totals = compute_totals(taxed, facts.currency)
    taxable = totals.subtotal - totals.discount_total
    warnings += [*rate_warnings, *tax_warnings, *particular_warnings(facts, taxable=taxable)]
    return Computed(
        day=facts.day,
        currency=facts.currency,
        lines=taxed,
        totals=totals,
        supply=supply,
        in_books=_in_books(facts, usable, totals),
        warnings=tuple(warnings),
    )


def _in_books(facts: InvoiceFacts, usable: Rate | None, totals: Totals) -> InBooks | None:
    if not facts.seller.charges_gst or (facts.needs_exchange_rate and usable is None):
        return None
    return in_books(usable, taxable=totals.subtotal - totals.discount_total, taxes=totals.taxes)


def _lines(facts: InvoiceFacts) -> tuple[tuple[Line, ...], list[DraftWarning]]:
    """The lines before tax: of a month's usage, or as a person gave them."""
    if facts.month is None:
        return facts.lines, []
    rated = rate(facts.month)
    lines, left_off = within_bounds(rated.lines, facts.currency)
    return lines, [*rated.warnings, *left_off]


def _exchange_rate(facts: InvoiceFacts) -> tuple[Rate | None, list[DraftWarning]]:
    if not facts.needs_exchange_rate:
        return None, []
    try:
        found = usable_rate(facts.exchange_rate, currency=facts.currency, day=facts.day)
    except DomainError as error:
        return None, [DraftWarning(error.code, error.message, blocks=True)]
    old = old_rate_warning(found, day=facts.day)
    return found, [old] if old else []


def _taxed(
    facts: InvoiceFacts, lines: Sequence[Line]
) -> tuple[SupplyContext | None, tuple[Line, ...], list[DraftWarning]]:
    """The supply, and the lines with service code and heads; without heads where tax can't be known."""
    coded = tuple(replace(line, sac=line.sac or facts.seller.default_sac) for line in lines)
    supply = None
    try:
        supply = place_of_supply(facts.seller.tax_profile, facts.customer.tax_profile, on=facts.day)
        heads = {sac: _heads(facts, supply, sac) for sac in sorted({line.sac for line in coded})}
    except DomainError as error:
        return supply, coded, [DraftWarning(error.code, error.message, blocks=True)]
    taxed = tuple(replace(line, heads=heads[line.sac]) for line in coded)
    return supply, taxed, _lapsed_lut(facts, supply)


def _heads(facts: InvoiceFacts, supply: SupplyContext, sac: str) -> tuple[TaxHead, ...]:
    """Raises DomainError TAX_RATE_MISSING where tax is due and neither the code nor every service has a rate."""
    if supply.kind == SupplyKind.NO_GST or supply.is_zero_rated:
        return ()
    found = facts.tax_rates.get(sac, facts.tax_rates.get(""))
    if found is None:
        raise DomainError(
            f"There is no tax rate for service code {sac or '(none)'} on {day_text(facts.day)}: add one.",
            code="TAX_RATE_MISSING",
        )
    return tax_heads(supply, found)


def _lapsed_lut(facts: InvoiceFacts, supply: SupplyContext) -> list[DraftWarning]:
    """Integrated tax is charged only because no letter of undertaking covers the day."""
    with_payment = (SupplyKind.EXPORT_WITH_PAYMENT, SupplyKind.SEZ_WITH_PAYMENT)
    if supply.kind not in with_payment or facts.seller.country != INDIA:
        return []
    message = (
        f"No letter of undertaking of {facts.seller.name} covers {day_text(facts.day)}: integrated tax is charged."
    )
    return [DraftWarning(WarningCode.NO_LUT, message)]
