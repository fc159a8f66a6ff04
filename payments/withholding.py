"""Tax that customers withhold (TDS): its quarter, its rate, and whether that is the rate of its code. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from billing_platform.lib.law import WITHHELD_ON_VALUE_WITHOUT_GST, WithholdingCode, certificate_due_day
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.number_formats import format_money, short_text
from billing_platform.lib.periods import financial_year

ROUNDING = Decimal(1)
"""Payers round tax to whole rupees: Income-tax Act 1961, section 288B, and its successor."""


def quarter_start(day: date) -> date:
    """The first day of the quarter of a day: 1 April, July, October or January."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def quarter_text(day: date) -> str:
    """The quarter within its Indian financial year: "26-27 Q3" for 20 November 2026."""
    return f"{financial_year(day)} Q{(day.month - 4) % 12 // 3 + 1}"


def last_overdue_quarter(today: date) -> date:
    """The first day of the latest quarter of which certificates are overdue: due before `today`, an Indian day."""
    quarter = quarter_start(today)
    while certificate_due_day(quarter) >= today:
        quarter = quarter_start(quarter - timedelta(days=1))
    return quarter


def rate_of(withheld: Decimal, taxable: Decimal) -> Decimal:
    """The tax in percent of the value without GST, to two decimals; 0 of no value."""
    if taxable <= ZERO:
        return ZERO
    return (withheld * 100 / taxable).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def tax_at(rate: Decimal, taxable: Decimal, currency: str) -> Decimal:
    return round_money(taxable * rate / 100, currency)


def why_unusual(
    *, withheld: Decimal, taxable: Decimal, with_gst: Decimal, code: WithholdingCode | None, currency: str
) -> str:
    """Why the tax withheld is not what its code makes of the value, as a sentence; "" where it is, to a rupee, and
    where nothing tells the rate. `taxable` is the value without GST of what is paid, `with_gst` the same with it."""
    if code is None or not code.rates:
        return ""
    if any(abs(withheld - tax_at(rate, taxable, currency)) <= ROUNDING for rate in code.rates):
        return ""
    rates = " or ".join(f"{short_text(rate)}%" for rate in code.rates)
    shown = " or ".join(format_money(tax_at(rate, taxable, currency), currency) for rate in code.rates)
    text = (
        f"Code {code.code} withholds {rates} of the value without GST, {format_money(taxable, currency)}: {shown}."
        f" This is {short_text(rate_of(withheld, taxable))}% of it."
    )
    if any(abs(withheld - tax_at(rate, with_gst, currency)) <= ROUNDING for rate in code.rates):
        text += f" It was computed on the amount with GST, against {WITHHELD_ON_VALUE_WITHOUT_GST}."
    return text
