"""Tax: the decision table of place of supply, and amounts to the paisa."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.gst import place_of_supply_label
from billing_platform.lib.money import ZERO, round_money
from invoicing.gst_heads import (
    CustomerTaxProfile,
    SellerTaxProfile,
    SupplyContext,
    SupplyKind,
    TaxError,
    TaxHead,
    place_of_supply,
    tax_heads,
    tax_line,
    taxable_of_gross,
)
from tests.money.golden_tables import golden

TODAY = date(2026, 11, 21)
RATE = Decimal(18)
INTRA = SupplyContext(SupplyKind.B2B, "29")
INTER = SupplyContext(SupplyKind.B2B, "27", is_inter_state=True)
LUTS = {
    "-": {},
    "valid": {"lut_number": "AD29"},
    "pays IGST": {"pays_igst_without_lut": True},
}


def seller(state: str = "29", **lut) -> SellerTaxProfile:
    return SellerTaxProfile("IN", f"{state}AAACA1234A1Z0", state, **lut)


def the_seller(row) -> SellerTaxProfile:
    if row["seller"] == "unregistered":
        return SellerTaxProfile("IN", state_code="29")
    if row["seller"] == "abroad":
        return SellerTaxProfile("US")
    return seller(row["seller"], **LUTS[row["lut"]])


def the_customer(row) -> CustomerTaxProfile:
    match row["customer"].split():
        case ["GSTIN", gstin]:
            return CustomerTaxProfile("IN", gstin)
        case ["SEZ", gstin]:
            return CustomerTaxProfile("IN", gstin, is_sez=True)
        case ["abroad", "in", country]:
            return CustomerTaxProfile(country)
        case ["unregistered", "in", state]:
            return CustomerTaxProfile("IN", state_code=state)
        case _:
            return CustomerTaxProfile("IN", has_address_on_record=False)


@golden("tax", "supply")
def test_place_of_supply_decides_the_taxes(row):
    if row["kind"] == "refused":
        with pytest.raises(TaxError, match="No letter of undertaking covers 21 Nov 2026") as refusal:
            place_of_supply(the_seller(row), the_customer(row), on=TODAY)
        assert refusal.value.code == "NO_LUT"
        return
    context = place_of_supply(the_seller(row), the_customer(row), on=TODAY)
    heads = " + ".join(f"{head.name} {head.rate}" for head in tax_heads(context, RATE))
    place = place_of_supply_label(context.place_of_supply) if context.place_of_supply else "-"
    assert (context.kind, place, heads or "-") == (row["kind"], row["place"], row["taxes"])


@golden("tax", "amounts")
def test_each_head_is_rounded_from_its_own_rate(row):
    taxable = Decimal(row["taxable"])
    (igst,) = tax_line(taxable, tax_heads(INTER, RATE), "INR")
    cgst, sgst = tax_line(taxable, tax_heads(INTRA, RATE), "INR")
    assert [str(tax.amount) for tax in (igst, cgst, sgst)] == [row["igst"], row["cgst"], row["sgst"]]
    assert str(taxable + igst.amount) == row["total_inter"]
    assert str(taxable + cgst.amount + sgst.amount) == row["total_intra"]


@golden("tax", "inclusive")
def test_the_taxable_part_of_an_amount_that_includes_tax(row):
    taxable = taxable_of_gross(Decimal(row["gross"]), Decimal(row["rate"]), "INR")
    (igst,) = tax_line(taxable, tax_heads(INTER, Decimal(row["rate"])), "INR")
    assert [str(taxable), str(igst.amount)] == [row["taxable"], row["igst"]]


def test_a_tax_inclusive_price_may_miss_a_paisa_within_a_state():
    taxable = taxable_of_gross(Decimal("999.00"), RATE, "INR")
    assert taxable + sum(tax.amount for tax in tax_line(taxable, tax_heads(INTRA, RATE), "INR")) == Decimal("998.99")


def test_tax_of_an_exchanged_amount():
    (igst,) = tax_line(Decimal("41652.78"), tax_heads(INTER, RATE), "INR")
    assert igst.amount == Decimal("7497.50")
    (igst,) = tax_line(Decimal("4405.29"), tax_heads(INTER, RATE), "INR")
    assert igst.amount == Decimal("792.95")


def test_the_last_of_two_credit_notes_takes_the_remainder_of_the_tax():
    def cgst(taxable: str) -> Decimal:
        return tax_line(Decimal(taxable), tax_heads(INTRA, RATE), "INR")[0].amount

    # 617.28 + 617.29 = 1234.57; computed anew, the second note would credit 55.56, a paisa too much.
    assert (cgst("1234.57"), cgst("617.28"), cgst("617.29")) == (Decimal("111.11"), Decimal("55.56"), Decimal("55.56"))
    assert cgst("1234.57") - cgst("617.28") == Decimal("55.55")


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_tax_is_rounded_to_the_documents_currency(currency):
    taxable = round_money(Decimal("1234"), currency)
    (tax,) = tax_line(taxable, [TaxHead("VAT", Decimal("7.255"))], currency)
    assert str(tax.amount) == {"USD": "89.53", "JPY": "90", "KWD": "89.527"}[currency]


def test_a_lut_is_preferred_to_paying_and_kept_on_the_document():
    both = seller(**LUTS["valid"], pays_igst_without_lut=True)
    context = place_of_supply(both, CustomerTaxProfile("US"), on=TODAY)
    assert context.kind == "EXPWOP"
    assert context.lut_number == "AD29"
    assert context.is_zero_rated


def test_zero_rated_documents_carry_the_prescribed_words():
    american = CustomerTaxProfile("US")
    with_lut = place_of_supply(seller(**LUTS["valid"]), american, on=TODAY)
    paying = place_of_supply(seller(**LUTS["pays IGST"]), american, on=TODAY)
    assert with_lut.endorsement == (
        "SUPPLY MEANT FOR EXPORT/SUPPLY TO SEZ UNIT OR SEZ DEVELOPER FOR AUTHORISED OPERATIONS UNDER BOND OR LETTER OF "
        "UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX"
    )
    assert paying.endorsement == (
        "SUPPLY MEANT FOR EXPORT/SUPPLY TO SEZ UNIT OR SEZ DEVELOPER FOR AUTHORISED OPERATIONS ON PAYMENT OF "
        "INTEGRATED TAX"
    )
    assert INTRA.endorsement == INTER.endorsement == ""


@pytest.mark.parametrize(
    ("the_one", "other", "reason"),
    [
        (SellerTaxProfile("IN", "29AAACA1234A1ZG", "27"), CustomerTaxProfile("IN"), "not that of its GSTIN"),
        (seller(), CustomerTaxProfile(""), "country is not known"),
        (seller(), CustomerTaxProfile("SG", "27AAPFU0939F1ZV"), "Indian GSTIN but an address in SG"),
        (seller(), CustomerTaxProfile("IN", is_sez=True), "GSTIN, which is missing"),
        (seller(), CustomerTaxProfile("IN", state_code="25"), "not in use"),
    ],
)
def test_contradicting_facts_are_refused(the_one, other, reason):
    with pytest.raises(TaxError, match=reason):
        place_of_supply(the_one, other, on=TODAY)


def test_the_billed_gstin_decides_whatever_the_postal_address_says():
    context = place_of_supply(seller(), CustomerTaxProfile("IN", "27AAPFU0939F1ZV", state_code="29"), on=TODAY)
    assert context.place_of_supply == "27"
    assert context.is_inter_state


def test_a_rate_of_zero_has_no_heads_and_an_odd_rate_is_halved_exactly():
    assert tax_heads(INTRA, ZERO) == ()
    assert [head.rate for head in tax_heads(INTRA, Decimal("0.25"))] == [Decimal("0.125")] * 2
    for rate in ("-1", "100.01"):
        with pytest.raises(TaxError):
            tax_heads(INTRA, Decimal(rate))


def test_tax_is_not_computed_on_an_unrounded_line():
    with pytest.raises(TaxError, match="rounded line"):
        tax_line(Decimal("1.005"), tax_heads(INTER, RATE), "INR")


@given(st.decimals(-(10**9), 10**9, places=2), st.decimals(0, 100, places=2))
def test_cgst_always_equals_sgst_and_inter_differs_by_a_paisa_at_most(taxable, rate):
    intra = tax_line(taxable, tax_heads(INTRA, rate), "INR")
    inter = tax_line(taxable, tax_heads(INTER, rate), "INR")
    if intra:
        assert intra[0].amount == intra[1].amount
        assert abs(inter[0].amount - intra[0].amount - intra[1].amount) <= Decimal("0.01")
