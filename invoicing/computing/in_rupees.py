"""What an invoice is worth in rupees: Indian sellers keep books and file GST returns in rupees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO, exact_arithmetic, round_money
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.gst_heads import TaxAmount
from invoicing.rates import BOOKS, Rate, is_usable, missing_text, old_text


@dataclass(frozen=True, slots=True)
class InRupees:
    """Values of a GST invoice in rupees, rounded, and the rate that they come from; None for an invoice in rupees."""

    rate: Rate | None
    taxable_amount: Decimal
    taxes: tuple[TaxAmount, ...]

    def of_heads(self, *names: str) -> Decimal:
        """The sum of the taxes of these names, such as CGST."""
        return round_money(sum((tax.amount for tax in self.taxes if tax.name in names), ZERO), BOOKS)

    @property
    def tax_total(self) -> Decimal:
        return round_money(sum((tax.amount for tax in self.taxes), ZERO), BOOKS)

    @property
    def total(self) -> Decimal:
        return self.taxable_amount + self.tax_total


def in_rupees(rate: Rate | None, *, taxable: Decimal, taxes: Sequence[TaxAmount]) -> InRupees:
    """Without a rate, the amounts are rupees already. Otherwise each tax is computed from its taxable value in rupees,
    as a GST return does: $100.00 at 83.3051 are ₹8,330.51, and 18% of those ₹1,499.49."""
    if rate is None:
        return InRupees(None, taxable, tuple(taxes))
    with exact_arithmetic():
        return InRupees(rate, round_money(taxable * rate.rate, BOOKS), tuple(_tax_in_books(tax, rate) for tax in taxes))


def _tax_in_books(tax: TaxAmount, rate: Rate) -> TaxAmount:
    taxable = round_money(tax.taxable_amount * rate.rate, BOOKS)
    return TaxAmount(tax.name, tax.rate, taxable, round_money((taxable * tax.rate).scaleb(-2), BOOKS))


def usable_rate(rate: Rate | None, *, currency: str, day: date) -> Rate:
    """The last rate up to the day. Raises DomainError EXCHANGE_RATE_MISSING when there is none, or it is too old."""
    if rate is None or not is_usable(rate, day=day):
        raise DomainError(missing_text(currency, BOOKS, day), code="EXCHANGE_RATE_MISSING")
    return rate


def old_rate_warning(rate: Rate, *, day: date) -> DraftWarning | None:
    """An old rate does not block the invoice, and is worth a look."""
    sentence = old_text(rate, day)
    return DraftWarning(WarningCode.EXCHANGE_RATE_OLD, sentence) if sentence else None
