"""Totals: rounded lines in, a document's sums out; and the same arithmetic as a check of what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from billing_platform.lib.money import ZERO, Money, allocate, exact_arithmetic, round_money, round_to_unit
from billing_platform.lib.number_formats import plain_text
from invoicing.gst_heads import CGST, IGST, SGST, UTGST, TaxAmount
from invoicing.lines import Line


class TotalsError(ValueError):
    """Sums that contradict each other. The program or the data is at fault, never a user."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class StatedTotals(Protocol):
    """Anything that states the sums of a document: `Totals`, or a stored invoice."""

    @property
    def subtotal(self) -> Decimal: ...
    @property
    def discount_total(self) -> Decimal: ...
    @property
    def tax_total(self) -> Decimal: ...
    @property
    def round_off(self) -> Decimal: ...
    @property
    def total(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a document. Sums that don't agree with each other raise TotalsError. `taxes` has one row for each head
    and rate; `line_taxes` has the taxes of each line, in the order of the lines."""

    subtotal: Decimal
    discount_total: Decimal
    tax_total: Decimal
    round_off: Decimal
    total: Decimal
    taxes: tuple[TaxAmount, ...]
    line_taxes: tuple[tuple[TaxAmount, ...], ...] = ()

    def __post_init__(self) -> None:
        if problems := [*_check_sum(self), *_check_taxes(self.taxes, self.tax_total)]:
            raise TotalsError(problems)


def compute_totals(lines: Sequence[Line], currency: str, *, round_to_whole_unit: bool = False) -> Totals:
    """Sums of rounded lines; nothing is rounded again but the optional round-off to whole rupees."""
    if problems := _check_lines(lines, currency):
        raise TotalsError(problems)
    with exact_arithmetic():
        line_taxes = tuple(line.taxes(currency) for line in lines)
        taxes = aggregate_taxes(tax for of_line in line_taxes for tax in of_line)
        subtotal = round_money(sum((line.amount for line in lines), ZERO), currency)
        discount_total = round_money(sum((line.discount for line in lines), ZERO), currency)
        tax_total = round_money(sum((tax.amount for tax in taxes), ZERO), currency)
        due = subtotal - discount_total + tax_total
        total = round_to_unit(due, currency) if round_to_whole_unit else due
        return Totals(subtotal, discount_total, tax_total, total - due, total, taxes, line_taxes)


def aggregate_taxes(taxes: Iterable[TaxAmount]) -> tuple[TaxAmount, ...]:
    """One row for each head and rate, in order of first appearance."""
    rows: dict[tuple[str, Decimal], TaxAmount] = {}
    for tax in taxes:
        found = rows.get((tax.name, tax.rate))
        rows[tax.name, tax.rate] = tax if found is None else _merged(found, tax)
    return tuple(rows.values())


def spread_discount(lines: Sequence[Line], discount: Decimal, currency: str) -> list[Line]:
    """Take a discount off the lines, before tax, in proportion to what they are worth."""
    parts = allocate(Money(discount, currency), [max(line.amount - line.discount, ZERO) for line in lines])
    return [replace(line, discount=line.discount + part.amount) for line, part in zip(lines, parts, strict=True)]


def minimum_top_up(charged: Decimal, minimum: Decimal) -> Decimal:
    """The amount of the line that lifts a customer's charges to the agreed minimum: 500.00 charged, minimum 1000.00, is
    500.00. A customer who used nothing owes the whole minimum."""
    return max(minimum - charged, ZERO)


def prorate(amount: Decimal, *, days: int, of_days: int, currency: str) -> Decimal:
    """The share of a recurring fee for some days of a period, rounded."""
    if not 0 <= days <= of_days or of_days == 0:
        raise ValueError(f"{days} of {of_days} days is not a part of a period.")
    return (Money(amount, currency) * days).divided(of_days).quantized().amount


def check_document(lines: Sequence[Line], taxes: Sequence[TaxAmount], totals: StatedTotals, currency: str) -> list[str]:
    """The arithmetic of a document, worked out again; one sentence for each thing that does not agree."""
    problems = _check_lines(lines, currency)
    problems += _differs("The lines add up to", sum((line.amount for line in lines), ZERO), "subtotal", totals.subtotal)
    discounts = sum((line.discount for line in lines), ZERO)
    problems += _differs("The line discounts add up to", discounts, "discount total", totals.discount_total)
    if not problems:
        problems += _check_tax_rows(aggregate_taxes(tax for line in lines for tax in line.taxes(currency)), taxes)
    return [*problems, *_check_taxes(taxes, totals.tax_total), *_check_sum(totals)]


def _merged(one: TaxAmount, other: TaxAmount) -> TaxAmount:
    return replace(one, taxable_amount=one.taxable_amount + other.taxable_amount, amount=one.amount + other.amount)


def _differs(found: str, value: Decimal, name: str, stated: Decimal) -> list[str]:
    return [] if value == stated else [f"{found} {value}, but the {name} is {stated}."]


def _check_lines(lines: Sequence[Line], currency: str) -> list[str]:
    problems = []
    for number, line in enumerate(lines, start=1):
        for name, amount in (("amount", line.amount), ("discount", line.discount)):
            if amount != round_money(amount, currency):
                problems.append(f"Line {number} ({line.kind}): the {name} {amount} is not rounded to {currency}.")
    return problems


def _check_sum(totals: StatedTotals) -> list[str]:
    expected = totals.subtotal - totals.discount_total + totals.tax_total + totals.round_off
    problems = _differs("Subtotal less discounts plus taxes and round-off is", expected, "total", totals.total)
    if abs(totals.round_off) >= 1:
        problems.append(f"The round-off {totals.round_off} is a whole unit or more.")
    return problems


def _check_taxes(taxes: Sequence[TaxAmount], tax_total: Decimal) -> list[str]:
    """Sum of heads, CGST equal to SGST (or UTGST), IGST never together with them."""
    by_head = {name: sum((tax.amount for tax in taxes if tax.name == name), ZERO) for name in (CGST, SGST, UTGST, IGST)}
    problems = _differs("The taxes add up to", sum((tax.amount for tax in taxes), ZERO), "tax total", tax_total)
    if by_head[CGST] != by_head[SGST] + by_head[UTGST]:
        problems.append(f"CGST {by_head[CGST]} is not equal to SGST/UTGST {by_head[SGST] + by_head[UTGST]}.")
    names = {tax.name for tax in taxes}
    if IGST in names and names & {CGST, SGST, UTGST}:
        problems.append("IGST is charged together with CGST, SGST or UTGST.")
    return problems


def _check_tax_rows(expected: Sequence[TaxAmount], stated: Sequence[TaxAmount]) -> list[str]:
    """Compare row by row, by head and rate. A tax that no line explains is a problem too."""
    wanted = {(tax.name, tax.rate): tax for tax in expected}
    found = {(tax.name, tax.rate): tax for tax in stated}
    problems = []
    for key in {**wanted, **found}:
        label = f"{key[0]} at {plain_text(key[1])}%"
        if key not in found:
            problems.append(f"{label} is missing: the lines owe {wanted[key].amount}.")
        elif key not in wanted:
            problems.append(f"{label} of {found[key].amount} applies to no line.")
        elif found[key] != wanted[key]:
            problems.append(
                f"{label} is {found[key].amount} on {found[key].taxable_amount}, "
                f"but the lines owe {wanted[key].amount} on {wanted[key].taxable_amount}."
            )
    return problems
