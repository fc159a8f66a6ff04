"""An invoice worked out: `InvoiceFacts` in, lines with their taxes, totals and warnings out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing_platform.lib.errors import DomainError
from invoicing.computing.e_invoice_particulars import e_invoice_warnings
from invoicing.computing.in_rupees import InRupees, in_rupees, old_rate_warning, usable_rate
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.line_taxes import tax_lines
from invoicing.computing.missing_particulars import particular_warnings
from invoicing.computing.refused_codes import code_warnings
from invoicing.computing.terms import Terms, agreed_discounts, agreed_lines, agreed_warnings
from invoicing.computing.time_of_issue import time_of_issue_warnings
from invoicing.computing.unprintable_letters import letter_warnings
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.gst_heads import SupplyContext
from invoicing.lines import Line
from invoicing.pricing.month_facts import MonthFacts
from invoicing.pricing.rating import rate
from invoicing.pricing.unbilled import within_bounds
from invoicing.rates import BOOKS, Rate
from invoicing.totals import Totals, compute_totals


@dataclass(frozen=True, slots=True)
class Computed:
    """An invoice worked out, whether it is stored or only shown.

    Taxes are in `totals`: `line_taxes` has those of each line, in the order of `lines`. `supply` is None where the
    facts do not tell which tax is due, `in_rupees` where the exchange rate is missing: a blocking warning says so.
    `in_rupees` is None also where the seller charges no GST.
    """

    day: date  # the document's date, in the seller's time zone
    currency: str
    lines: tuple[Line, ...]
    totals: Totals
    supply: SupplyContext | None
    in_rupees: InRupees | None
    warnings: tuple[DraftWarning, ...]

    @property
    def left_off(self) -> tuple[DraftWarning, ...]:
        """What was used, or is owed as a fee, and is on no line."""
        return tuple(
            warning
            for warning in self.warnings
            if warning.metric_name is not None or warning.code == WarningCode.FEE_IN_OTHER_CURRENCY
        )

    @property
    def is_empty(self) -> bool:
        """Nothing was used: what else is missing, such as a rate or an address, matters once there is something to
        bill."""
        return not self.lines and not self.left_off


def compute(facts: InvoiceFacts) -> Computed:
    """Lines, tax, totals, and what keeps the invoice from being issued. Tax is computed here, once, after discounts."""
    lines, warnings = _lines(facts)
    warnings += letter_warnings(seller=facts.seller, customer=facts.customer, lines=lines)
    usable, rate_warnings = _exchange_rate(facts)
    supply, taxed, tax_warnings = tax_lines(facts, lines)
    rounds = facts.seller.round_total and facts.currency == BOOKS
    totals = compute_totals(taxed, facts.currency, round_to_whole_unit=rounds)
    taxable = totals.subtotal - totals.discount_total
    warnings += [*rate_warnings, *tax_warnings, *particular_warnings(facts, taxable=taxable)]
    warnings += [*code_warnings(facts, taxed), *e_invoice_warnings(facts, supply)]
    warnings += time_of_issue_warnings(facts, lines)
    return Computed(
        day=facts.day,
        currency=facts.currency,
        lines=taxed,
        totals=totals,
        supply=supply,
        in_rupees=_in_books(facts, usable, totals),
        warnings=tuple(warnings),
    )


def _in_books(facts: InvoiceFacts, usable: Rate | None, totals: Totals) -> InRupees | None:
    if not facts.seller.charges_gst or (facts.needs_exchange_rate and usable is None):
        return None
    return in_rupees(usable, taxable=totals.subtotal - totals.discount_total, taxes=totals.taxes)


def _lines(facts: InvoiceFacts) -> tuple[tuple[Line, ...], list[DraftWarning]]:
    """The lines before tax: of a month's usage and terms, and as people typed them."""
    if facts.month is None:
        return facts.lines, []
    return lines_of_month(facts.month, facts.terms, facts.lines)


def lines_of_month(
    month: MonthFacts, terms: Terms, typed: tuple[Line, ...] = ()
) -> tuple[tuple[Line, ...], list[DraftWarning]]:
    """What a month is charged before tax, discounts taken off, and what is not on a line of it."""
    rated = rate(month)
    agreed = agreed_lines(month, terms, rated.lines)
    lines, left_off = within_bounds((*typed, *agreed), month.currency)  # what was typed is never left off
    discounted = agreed_discounts(month, terms, (*lines[len(typed) :], *lines[: len(typed)]))
    return discounted, [*rated.warnings, *left_off, *agreed_warnings(month, terms)]


def _exchange_rate(facts: InvoiceFacts) -> tuple[Rate | None, list[DraftWarning]]:
    if not facts.needs_exchange_rate:
        return None, []
    try:
        found = usable_rate(facts.exchange_rate, currency=facts.currency, day=facts.day)
    except DomainError as error:
        return None, [DraftWarning(error.code, error.message, blocks=True)]
    old = old_rate_warning(found, day=facts.day)
    return found, [old] if old else []
