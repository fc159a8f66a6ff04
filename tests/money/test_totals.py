"""Totals: sums of rounded lines that agree with each other, and the check that finds when they don't."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.money import ZERO
from invoicing.gst_heads import CGST, IGST, SGST, UTGST, TaxAmount, TaxHead
from invoicing.lines import Line
from invoicing.totals import (
    Totals,
    TotalsError,
    check_document,
    compute_totals,
    prorate,
    spread_discount,
)
from tests.money.golden_tables import golden

INTER = (TaxHead(IGST, Decimal(18)),)
INTRA = (TaxHead(CGST, Decimal(9)), TaxHead(SGST, Decimal(9)))
HEADS = {"inter": INTER, "intra": INTRA, "none": ()}


def lines(*amounts: str, heads=INTER) -> list[Line]:
    return [Line("usage", Decimal(amount), heads) for amount in amounts]


def shown(taxes) -> str:
    return " + ".join(f"{tax.name} {tax.amount}" for tax in taxes) or "-"


@golden("totals", "documents")
def test_worked_documents(row):
    document = lines(*row["lines"].split(), heads=HEADS[row["supply"]])
    totals = compute_totals(document, "INR")
    assert [str(totals.subtotal), str(totals.total)] == [row["subtotal"], row["total"]]
    assert shown(totals.taxes) == row["taxes"]
    assert check_document(document, totals.taxes, totals, "INR") == []


@golden("totals", "rounded")
def test_worked_documents_with_a_round_off(row):
    document = lines(*row["lines"].split(), heads=HEADS[row["supply"]])
    totals = compute_totals(document, "INR", round_to_whole_unit=True)
    assert [str(each) for each in (totals.subtotal, totals.round_off, totals.total)] == [
        row[key] for key in ("subtotal", "rounding", "total")
    ]
    assert shown(totals.taxes) == row["taxes"]
    assert check_document(document, totals.taxes, totals, "INR") == []


@pytest.mark.parametrize(("days", "of_days"), [(32, 31), (-1, 31), (0, 0)])
def test_days_outside_the_period_are_not_prorated(days, of_days):
    with pytest.raises(ValueError, match="not a part of a period"):
        prorate(Decimal(100), days=days, of_days=of_days, currency="INR")


def test_taxes_are_summed_by_head_and_rate():
    five = (TaxHead(IGST, Decimal(5)),)
    totals = compute_totals([*lines("10.00", "20.00"), *lines("100.00", heads=five)], "INR")
    assert totals.taxes == (
        TaxAmount(IGST, Decimal(18), Decimal("30.00"), Decimal("5.40")),
        TaxAmount(IGST, Decimal(5), Decimal("100.00"), Decimal("5.00")),
    )
    assert totals.tax_total == Decimal("10.40")


def test_a_line_that_is_not_taxable_is_in_the_total_only():
    totals = compute_totals([*lines("100.00"), Line("reimbursement", Decimal("50.00"), INTER, taxable=False)], "INR")
    assert (totals.subtotal, totals.tax_total, totals.total) == (Decimal("150.00"), Decimal("18.00"), Decimal("168.00"))


def test_a_discount_never_makes_a_credit_line_larger():
    document = spread_discount(lines("100.00", "-40.00"), Decimal("10.00"), "INR")
    assert [line.discount for line in document] == [Decimal("10.00"), ZERO]


def test_an_empty_document_totals_nothing():
    totals = compute_totals([], "INR")
    assert str(totals.total) == "0.00"
    assert totals.taxes == ()


def test_an_unrounded_line_is_refused():
    with pytest.raises(TotalsError, match=r"Line 2 \(usage\): the amount 1\.005 is not rounded to INR"):
        compute_totals(lines("1.00", "1.005"), "INR")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"total": Decimal("118.01")}, "Subtotal less discounts plus taxes and round-off is 118.00, but the total is"),
        ({"subtotal": Decimal("99.00")}, "but the total is 118.00"),
        ({"tax_total": Decimal("17.00"), "total": Decimal("117.00")}, "The taxes add up to 18.00, but the tax total"),
        ({"round_off": Decimal("1.00"), "total": Decimal("119.00")}, "a whole unit or more"),
        (
            {
                "taxes": (
                    TaxAmount(CGST, Decimal(9), Decimal(100), Decimal("9.01")),
                    TaxAmount(SGST, Decimal(9), Decimal(100), Decimal("8.99")),
                )
            },
            "CGST 9.01 is not equal to SGST/UTGST 8.99",
        ),
        (
            {"taxes": (TaxAmount(CGST, Decimal(9), Decimal(100), Decimal("18.00")),)},
            "CGST 18.00 is not equal to SGST/UTGST 0",
        ),
        (
            {
                "taxes": (
                    TaxAmount(CGST, Decimal(9), Decimal(100), Decimal("4.50")),
                    TaxAmount(UTGST, Decimal(9), Decimal(100), Decimal("4.50")),
                    TaxAmount(IGST, Decimal(18), Decimal(100), Decimal("9.00")),
                )
            },
            "IGST is charged together with",
        ),
    ],
)
def test_totals_that_contradict_each_other_cannot_exist(changes, sentence):
    with pytest.raises(TotalsError) as refusal:
        replace(compute_totals(lines("100.00"), "INR"), **changes)
    assert any(sentence in problem for problem in refusal.value.problems)


@dataclass(frozen=True)
class StoredInvoice:
    """What a database row states, right or wrong."""

    subtotal: Decimal = Decimal("100.00")
    discount_total: Decimal = ZERO
    tax_total: Decimal = Decimal("18.00")
    round_off: Decimal = ZERO
    total: Decimal = Decimal("118.00")


TAX_ROW = TaxAmount(IGST, Decimal(18), Decimal("100.00"), Decimal("18.00"))


def test_a_sound_document_passes_the_check():
    assert check_document(lines("60.00", "40.00"), [TAX_ROW], StoredInvoice(), "INR") == []


@pytest.mark.parametrize(
    ("amounts", "taxes", "stored", "sentence"),
    [
        (["60.00"], [TAX_ROW], StoredInvoice(), "The lines add up to 60.00, but the subtotal is 100.00."),
        (
            ["100.00"],
            [],
            StoredInvoice(tax_total=ZERO, total=Decimal("100.00")),
            "IGST at 18% is missing: the lines owe 18.00.",
        ),
        (
            ["100.00"],
            [replace(TAX_ROW, amount=Decimal("17.00"))],
            StoredInvoice(tax_total=Decimal("17.00"), total=Decimal("117.00")),
            "IGST at 18% is 17.00 on 100.00, but the lines owe 18.00 on 100.00.",
        ),
        (
            ["100.00"],
            [TAX_ROW, replace(TAX_ROW, rate=Decimal(5), amount=Decimal("5.00"))],
            StoredInvoice(tax_total=Decimal("23.00"), total=Decimal("123.00")),
            "IGST at 5% of 5.00 applies to no line.",
        ),
        (
            ["100.00"],
            [TAX_ROW],
            StoredInvoice(discount_total=Decimal("8.00"), total=Decimal("110.00")),
            "The line discounts add up to 0, but the discount total is 8.00.",
        ),
        (["100.00"], [TAX_ROW], StoredInvoice(total=Decimal("118.01")), "but the total is 118.01."),
        (["99.995", "0.005"], [TAX_ROW], StoredInvoice(), "Line 1 (usage): the amount 99.995 is not rounded to INR."),
    ],
)
def test_a_damaged_document_is_described_in_sentences(amounts, taxes, stored, sentence):
    problems = check_document(lines(*amounts), taxes, stored, "INR")
    assert any(sentence in problem for problem in problems), problems


amounts = st.decimals(-(10**7), 10**9, places=2)


@given(
    st.lists(st.tuples(amounts, st.sampled_from([Decimal(0), Decimal(5), Decimal(12), Decimal(18), Decimal(28)]))),
    st.booleans(),
    st.booleans(),
)
def test_any_document_adds_up(rows, within_state, round_off):
    document = [
        Line(
            "usage",
            amount,
            tuple(TaxHead(n, r) for n, r in ([(CGST, rate / 2), (SGST, rate / 2)] if within_state else [(IGST, rate)])),
        )
        for amount, rate in rows
    ]
    totals = compute_totals(document, "INR", round_to_whole_unit=round_off)
    assert totals.subtotal == sum((amount for amount, _ in rows), ZERO)
    assert totals.tax_total == sum((tax.amount for line in document for tax in line.taxes("INR")), ZERO)
    assert totals.subtotal + totals.tax_total + totals.round_off == totals.total
    assert not round_off or totals.total == totals.total.to_integral_value()
    assert abs(totals.round_off) <= Decimal("0.50")
    by_head = {name: sum(tax.amount for tax in totals.taxes if tax.name == name) for name in (CGST, SGST)}
    assert by_head[CGST] == by_head[SGST]
    assert check_document(document, totals.taxes, totals, "INR") == []


@given(st.lists(st.decimals("0.01", 10**6, places=2), min_size=1, max_size=10), st.data())
def test_a_spread_discount_is_given_to_the_paisa(values, data):
    discount = data.draw(st.decimals(0, sum(values), places=2))
    document = spread_discount([Line("usage", value, INTER) for value in values], discount, "INR")
    assert sum(line.discount for line in document) == discount
    assert all(ZERO <= line.discount <= line.amount for line in document)
    totals = compute_totals(document, "INR")
    assert totals.total == sum(values) - discount + totals.tax_total


def test_equal_totals_are_equal():
    assert compute_totals(lines("1.00"), "INR") == compute_totals(lines("1.00"), "INR")
    assert isinstance(compute_totals([], "JPY"), Totals)
