"""Credit notes worked out: remainders, limits, round-off, rupee values and the last day for GST."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.law import last_day_for_credit_note
from billing_platform.lib.money import ZERO, exponent
from invoicing.computing.credit_notes import (
    Creditable,
    CreditableLine,
    Note,
    Wanted,
    all_that_is_left,
    compute_note,
    give_back,
)
from invoicing.gst_heads import CGST, IGST, SGST, TaxHead, tax_line
from invoicing.rates import Rate
from tests.money.golden_tables import golden

HEADS = {
    "inter": (TaxHead(IGST, Decimal(18)),),
    "intra": (TaxHead(CGST, Decimal(9)), TaxHead(SGST, Decimal(9))),
    "none": (),
}


def line(position: int, taxable: str, supply: str = "inter", *, quantity: str = "1", currency: str = "INR"):
    value = Decimal(taxable)
    return CreditableLine(position, Decimal(quantity), value, tax_line(value, HEADS[supply], currency))


def invoice(*lines: CreditableLine, round_off: str = "0", currency: str = "INR", **values) -> Creditable:
    total = sum((each.taxable + sum(tax.amount for tax in each.taxes) for each in lines), ZERO) + Decimal(round_off)
    return Creditable(currency, total, ZERO, Decimal(round_off), lines, **values)


def after(before: Creditable, note: Note) -> Creditable:
    """The invoice as the next note finds it."""
    taken = {each.position: each for each in note.lines}
    lines = []
    for each in before.lines:
        part = taken.get(each.position)
        if part is not None:
            taxes = dict(each.taxes_credited)
            for tax in part.taxes:
                taxes[tax.name] = taxes.get(tax.name, ZERO) + tax.amount
            each = replace(
                each,
                credited=each.credited + part.amount,
                quantity_credited=each.quantity_credited + (part.quantity or ZERO),
                credited_with_tax=each.credited_with_tax + part.taxed,
                taxes_credited=taxes,
            )
        lines.append(each)
    return replace(
        before,
        lines=tuple(lines),
        total_credited=before.total_credited + note.total,
        round_off_left=before.round_off_left - note.round_off,
    )


def credit(
    before: Creditable, *wanted: Wanted, with_tax: bool = True, cancels: bool = False
) -> tuple[Note, Creditable]:
    wanted = wanted or all_that_is_left(before, cancels=cancels)
    note = compute_note(before, wanted, with_tax=with_tax, in_returns=True, cancels=cancels)
    return note, after(before, note)


def of(position: int, amount: str) -> Wanted:
    return Wanted(position, amount=Decimal(amount))


@golden("credit_notes", "remainder")
def test_the_notes_of_a_line_add_up_to_its_tax(row):
    left = invoice(line(1, row["taxable"], row["supply"]))
    assert {str(tax.amount) for tax in left.lines[0].taxes} == {row["tax_of_each_head"]}
    found = []
    for amount in row["notes"].split():
        note, left = credit(left, of(1, amount))
        assert len({tax.amount for tax in note.taxes}) == 1  # CGST is SGST
        found.append(str(note.taxes[0].amount))
    assert " ".join(found) == row["tax_of_each_note"]


@golden("credit_notes", "by_quantity")
def test_a_note_by_quantity_takes_its_share(row):
    left, found = invoice(line(1, row["taxable"], quantity=row["quantity"])), []
    for quantity in row["notes"].split():
        note, left = credit(left, Wanted(1, quantity=Decimal(quantity)))
        found.append(str(note.subtotal))
    assert " ".join(found) == row["amounts"]


@golden("credit_notes", "last_days")
def test_gst_can_be_taken_back_until_november_after_the_financial_year(row):
    assert last_day_for_credit_note(date.fromisoformat(row["supplied"])).isoformat() == row["last_day_for_gst"]


def test_a_round_off_upwards_goes_with_the_last_note():
    # 1234.57 + 111.11 + 111.11 = 1456.79, rounded off by 0.21 to 1457.00
    first, left = credit(invoice(line(1, "1234.57", "intra"), round_off="0.21"), of(1, "617.28"))
    assert (first.total, first.round_off) == (Decimal("728.40"), ZERO)
    last, left = credit(left)
    assert (last.total, last.round_off) == (Decimal("728.60"), Decimal("0.21"))  # 617.29 + 2 × 55.55 + 0.21
    assert left.left == ZERO


def test_a_round_off_downwards_is_taken_before_the_rest_would_be_less_than_nothing():
    # 100.25 + 18.05 = 118.30, rounded off by -0.30 to 118.00; 0.20 and 0.04 of the line are left after the first note
    first, left = credit(invoice(line(1, "100.25"), round_off="-0.30"), of(1, "100.05"))
    assert (first.tax_total, first.round_off, first.total) == (Decimal("18.01"), Decimal("-0.30"), Decimal("117.76"))
    last, left = credit(left)
    assert (last.total, left.left) == (Decimal("0.24"), ZERO)


def test_a_commercial_note_leaves_the_tax_owed():
    note, left = credit(invoice(line(1, "1000.00", "intra")), with_tax=False)
    assert (note.total, note.taxes, note.in_rupees) == (Decimal("1000.00"), (), None)
    assert left.left == Decimal("180.00")


def test_a_gst_note_beside_a_commercial_one_takes_the_tax_of_its_own_part():
    _note, left = credit(invoice(line(1, "1000.00")), of(1, "400.00"), with_tax=False)
    note, left = credit(left)
    assert (note.subtotal, note.tax_total) == (Decimal("600.00"), Decimal("108.00"))
    assert left.left == Decimal("72.00")  # the tax on the 400.00


def test_a_deduction_is_credited_whole_or_not_at_all():
    left = invoice(line(1, "1000.00"), line(2, "-400.00"))
    with pytest.raises(InvalidInput, match="Line 2 is a deduction"):
        credit(left, of(2, "-100.00"))
    with pytest.raises(InvalidInput, match=r"₹1,180\.00, and ₹708\.00 of the invoice is left"):
        credit(left, of(1, "1000.00"))
    note, left = credit(left)
    assert (note.total, left.left) == (Decimal("708.00"), ZERO)


@pytest.mark.parametrize(
    ("wanted", "place", "sentence"),
    [
        ([of(3, "1.00")], "lines[0].line_number", "The invoice has no line 3."),
        ([of(1, "1.00"), of(1, "1.00")], "lines[1].line_number", "Line 1 is named twice."),
        ([of(1, "1000.01")], "lines[0].amount", "Of line 1, ₹1,000.00 is left to credit."),
        ([of(1, "0.001")], "lines[0].amount", "0.001 is more exact than INR is."),
        ([of(1, "-5.00")], "lines[0].amount", "Give more than 0."),
        ([Wanted(1, quantity=Decimal("1.5"))], "lines[0].quantity", "Of line 1, 1 are left to credit."),
        ([Wanted(1, quantity=Decimal(0))], "lines[0].quantity", "Give more than 0."),
    ],
)
def test_what_can_not_be_credited_is_named(wanted, place, sentence):
    with pytest.raises(InvalidInput) as refused:
        compute_note(invoice(line(1, "1000.00")), wanted, with_tax=True, in_returns=True)
    assert refused.value.details == {place: [sentence]}


def test_a_note_over_nothing_is_refused():
    with pytest.raises(InvalidInput, match="Say what to credit"):
        compute_note(invoice(line(1, "1000.00")), (), with_tax=True, in_returns=True)


def test_a_cancelling_note_takes_back_the_tax_of_a_commercial_one():
    """1,000.00 with IGST 180.00: 400.00 went back without tax. The note over the rest takes the tax of all of it."""
    _note, left = credit(invoice(line(1, "1000.00")), of(1, "400.00"), with_tax=False)
    note, left = credit(left, cancels=True)
    assert (note.subtotal, note.tax_total, note.taxed_before) == (
        Decimal("600.00"),
        Decimal("180.00"),
        Decimal("400.00"),
    )
    assert note.in_rupees is not None
    assert (note.in_rupees.taxable_amount, left.left) == (Decimal("1000.00"), ZERO)


def test_a_cancelling_note_takes_back_only_tax_where_nothing_else_is_left():
    _note, left = credit(invoice(line(1, "1000.00", "intra")), with_tax=False)
    with pytest.raises(InvalidInput, match="Say what to credit"):
        credit(left)
    note, left = credit(left, cancels=True)
    assert [(tax.name, tax.taxable_amount, tax.amount) for tax in note.taxes] == [
        (CGST, Decimal("1000.00"), Decimal("90.00")),
        (SGST, Decimal("1000.00"), Decimal("90.00")),
    ]
    assert (note.subtotal, note.total, left.left) == (ZERO, Decimal("180.00"), ZERO)


DOLLARS = Rate("USD", "INR", Decimal("83.4725"), date(2026, 10, 30), "RBI")


def test_a_foreign_note_is_worth_what_is_credited_by_then_less_what_was_before():
    # 499.00 at 83.4725 is 41652.7775, 41652.78; IGST 18% of that is 7497.50. 166.33: 13883.9809…, 13883.98; 2499.12
    # 332.66: 27767.9618…, 27767.96; 4998.23
    left = invoice(line(1, "499.00", currency="USD"), currency="USD", rate=DOLLARS)
    found = []
    for amount in ("166.33", "166.33", "166.34"):
        note, left = credit(left, of(1, amount))
        assert note.in_rupees is not None
        found.append((str(note.in_rupees.taxable_amount), str(note.in_rupees.tax_total)))
    assert found == [("13883.98", "2499.12"), ("13883.98", "2499.11"), ("13884.82", "2499.27")]


def with_a_deduction_at_another_rate(currency: str = "INR", **values):
    """38,999.62 at 5 % is 1,949.98 of tax, −5,118.95 at 18 % is −921.41: together 1,028.57."""
    lines = tuple(
        CreditableLine(number, Decimal(1), Decimal(taxable), tax_line(Decimal(taxable), heads, currency))
        for number, taxable, heads in (
            (1, "38999.62", (TaxHead(IGST, Decimal(5)),)),
            (2, "-5118.95", (TaxHead(IGST, Decimal(18)),)),
        )
    )
    return invoice(*lines, currency=currency, **values)


@pytest.mark.parametrize(("currency", "rate"), [("INR", None), ("USD", DOLLARS)])
def test_no_note_takes_back_more_of_a_head_than_the_invoice_has(currency, rate):
    """5 % of 20,571.40 are 1,028.57; of 20,571.70, 1,028.59."""
    left = with_a_deduction_at_another_rate(currency, rate=rate)
    with pytest.raises(InvalidInput, match=r"1,028\.57 of IGST, and with this note .*1,028\.59 would be credited"):
        credit(left, of(1, "20571.70"))
    first, left = credit(left, of(1, "20571.20"))  # 1,028.56
    last, left = credit(left)
    assert (first.tax_total, last.tax_total, left.left) == (Decimal("1028.56"), Decimal("0.01"), ZERO)
    credit(with_a_deduction_at_another_rate(currency, rate=rate), of(1, "33000.00"), of(2, "-5118.95"))  # 728.59


def test_a_deduction_keeps_what_is_taken_of_the_taxable_value():
    """100.00 at 18 % and −80.00 without tax: 38.00. Of the 20.00 of taxable value, no note takes 30.00."""
    with pytest.raises(InvalidInput, match=r"₹20\.00 of taxable value, and with this note ₹30\.00 would be credited"):
        credit(invoice(line(1, "100.00"), line(2, "-80.00", "none")), of(1, "30.00"))


def test_an_amount_is_given_back_in_proportion_to_what_is_left():
    lines = (line(1, "100.00"), line(2, "200.00"), line(3, "-5.00"))
    assert give_back(lines, Decimal("10.00"), "INR") == (of(1, "3.33"), of(2, "6.67"))


def worth(lines, total) -> dict[str, Decimal]:
    """Taxable value, each head, and the total."""
    found = {"taxable": sum((each.taxable for each in lines), ZERO), "total": total}
    for tax in (tax for each in lines for tax in each.taxes):
        found[tax.name] = found.get(tax.name, ZERO) + tax.amount
    return found


def worth_of(notes: list[Note]) -> dict[str, Decimal]:
    found = {"taxable": ZERO, "total": ZERO}
    for note in notes:
        found["taxable"] += note.subtotal
        found["total"] += note.total
        for tax in note.taxes:
            found[tax.name] = found.get(tax.name, ZERO) + tax.amount
    return found


def everything(whole: Creditable) -> Note:
    return compute_note(whole, all_that_is_left(whole), with_tax=True, in_returns=True)


def in_books(notes: list[Note]) -> dict[str, Decimal]:
    found = {"taxable": ZERO}
    for note in notes:
        assert note.in_rupees is not None
        found["taxable"] += note.in_rupees.taxable_amount
        for tax in note.in_rupees.taxes:
            found[tax.name] = found.get(tax.name, ZERO) + tax.amount
    return found


def within(part: dict[str, Decimal], whole: dict[str, Decimal]) -> bool:
    return all(abs(amount) <= abs(whole[name]) and amount * whole[name] >= ZERO for name, amount in part.items())


@given(st.data())
def test_any_notes_of_an_invoice_stay_within_it_and_a_last_one_makes_them_equal(data):
    currency = data.draw(st.sampled_from(["INR", "USD", "JPY", "KWD"]))
    rate = None if currency == "INR" else replace(DOLLARS, rate=Decimal(data.draw(st.integers(1, 10**6))).scaleb(-4))
    supply = data.draw(st.sampled_from(["inter", "intra", "none"]))
    unit = Decimal(1).scaleb(-exponent(currency))
    minor = st.integers(1, 10**7)
    lines = []
    for position in range(1, data.draw(st.integers(1, 4)) + 1):
        taxable = unit * data.draw(minor) * (1 if position == 1 else data.draw(st.sampled_from([1, 1, -1])))
        percent = Decimal(data.draw(st.sampled_from([5, 18])))
        heads = [replace(head, rate=head.rate * percent / 18) for head in HEADS[supply]]
        lines.append(CreditableLine(position, Decimal(1), taxable, tax_line(taxable, heads, currency)))
    whole = left = invoice(*lines, currency=currency, rate=rate)
    assume(all(value > ZERO for value in worth(lines, whole.total).values()))
    notes: list[Note] = []
    for _ in range(data.draw(st.integers(0, 5))):
        chosen = data.draw(st.sampled_from(left.lines))
        most = int(chosen.left / unit)
        amount = unit * data.draw(st.integers(1, most)) if most > 0 else chosen.left
        with suppress(InvalidInput):  # more than the lines below zero leave
            note, left = credit(left, of(chosen.position, str(amount)))
            notes.append(note)
            assert within(worth_of(notes), worth(lines, whole.total))
            assert within(in_books(notes), in_books([everything(whole)]))
    if left.left:
        notes.append(credit(left)[0])
        left = after(left, notes[-1])
    assert sum((note.total for note in notes), ZERO) == whole.total
    assert worth_of(notes) == worth(lines, whole.total)
    assert in_books(notes) == in_books([everything(whole)])
    if all(each.taxable > ZERO for each in left.lines):
        assert not any(each.left or any(each.tax_left(head) for head in each.taxes) for each in left.lines)
    for note in notes:
        by_head = {name: sum(tax.amount for tax in note.taxes if tax.name == name) for name in (CGST, SGST)}
        assert by_head[CGST] == by_head[SGST]
