"""Money: exact, of one currency, rounded half away from zero in one place."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, Inexact, localcontext

import moneyed
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.money import (
    CURRENCIES,
    Money,
    MoneyError,
    allocate,
    exact_arithmetic,
    exponent,
    from_minor,
    round_money,
    round_to_unit,
    to_minor,
)
from billing_platform.lib.number_formats import format_money
from invoicing.documents.amounts_in_words import amount_in_words
from tests.money.golden_tables import golden


def inr(amount: str) -> Money:
    return Money(Decimal(amount), "INR")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@golden("money", "rounding")
def test_rounding_is_half_up_to_the_currencys_exponent(row):
    rounded = round_money(Decimal(row["amount"]), row["currency"])
    assert str(rounded) == row["rounded"]
    assert Money(Decimal(row["amount"]), row["currency"]).quantized().amount == rounded


@golden("money", "allocation")
def test_allocation_gives_the_remainder_to_the_largest_fractions(row):
    money = Money(Decimal(row["amount"]), row["currency"])
    parts = allocate(money, [Decimal(weight) for weight in row["weights"].split()])
    assert [str(part.amount) for part in parts] == row["parts"].split()


@golden("money", "writing")
def test_amounts_are_written_in_figures_and_words(row):
    money = Money(Decimal(row["amount"]), row["currency"])
    assert format_money(money.amount, money.currency) == row["printed"]
    assert amount_in_words(money) == row["in_words"]


def test_rounding_does_not_depend_on_the_callers_decimal_context():
    large = Decimal("12345678901234567890.125")
    with localcontext() as context:
        context.prec = 5
        context.rounding = "ROUND_DOWN"
        assert round_money(large, "INR") == Decimal("12345678901234567890.13")


def test_rounding_to_whole_rupees_keeps_two_decimals():
    assert str(round_to_unit(Decimal("1456.79"), "INR")) == "1457.00"
    assert str(round_to_unit(Decimal("1456.50"), "INR")) == "1457.00"
    assert str(round_to_unit(Decimal("1456.49"), "INR")) == "1456.00"


def test_foreign_amounts_at_the_stored_rate():
    assert round_money(Decimal("499.00") * Decimal("83.4725"), "INR") == Decimal("41652.78")
    assert round_money(Decimal("49.99") * Decimal("88.1234"), "INR") == Decimal("4405.29")


@pytest.mark.parametrize(
    ("currency", "places"), [("INR", 2), ("USD", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("TND", 3)]
)
def test_exponents_follow_iso_4217(currency, places):
    assert exponent(currency) == places


def test_exponents_agree_with_the_currency_library():
    for code in CURRENCIES:
        assert 10 ** exponent(code) == moneyed.CURRENCIES[code].sub_unit, code


@pytest.mark.parametrize("unknown", ["", "inr", "RUPEE", "XXX", "DEM"])
def test_an_unknown_currency_is_refused(unknown):
    with pytest.raises(MoneyError, match="not a currency"):
        Money(Decimal(1), unknown)


@pytest.mark.parametrize("amount", [1.5, "1.50", 1, True, None, Decimal("NaN"), Decimal("Infinity")])
def test_money_is_made_of_finite_decimals_only(amount):
    with pytest.raises(MoneyError):
        Money(amount, "INR")


def test_arithmetic_keeps_every_digit():
    assert inr("1180.00") + inr("0.01") == inr("1180.01")
    assert inr("1.00") - inr("3.00") == -inr("2.00")
    assert inr("0.0000000001") * Decimal("12345678901234567890.12345678") == inr("1234567890.123456789012345678")
    assert sum([inr("1"), inr("2")], Money.zero("INR")) == inr("3")
    assert abs(inr("-2.00")) == inr("2.00")
    assert inr("1.00") < inr("1.01") <= inr("1.01")
    assert inr("2") > inr("1") >= inr("1.000")


def test_exact_arithmetic_raises_rather_than_rounds():
    with exact_arithmetic():
        assert Decimal(1) / 8 == Decimal("0.125")
        with pytest.raises(Inexact):
            Decimal(1) / 3


def test_two_currencies_never_mix():
    for mix in (lambda: inr("1") + usd("1"), lambda: inr("1") - usd("1"), lambda: inr("1") < usd("1")):
        with pytest.raises(MoneyError, match="exchange rate"):
            mix()
    assert inr("1") != usd("1")


def test_money_is_not_multiplied_by_floats_nor_added_to_numbers():
    with pytest.raises(MoneyError):
        inr("1") * 1.5
    with pytest.raises(MoneyError):
        inr("1") + Decimal(1)


def test_zero_money_is_not_a_false_value():
    with pytest.raises(TypeError, match="is_zero"):
        bool(inr("0"))
    assert inr("0.00").is_zero
    assert not inr("0.01").is_zero
    assert inr("-0.01").is_negative


def test_minor_units_are_exact_in_both_directions():
    assert to_minor(inr("1180.00")) == 118000
    assert to_minor(Money(Decimal(1234), "JPY")) == 1234
    assert to_minor(Money(Decimal("1.234"), "KWD")) == 1234
    assert str(from_minor(118000, "INR").amount) == "1180.00"
    assert str(from_minor(-5, "KWD").amount) == "-0.005"
    with pytest.raises(MoneyError, match="more decimals than the 2 of INR"):
        to_minor(inr("0.005"))
    with pytest.raises(MoneyError):
        from_minor(True, "INR")


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_an_amount_is_not_split_by_weights_of_zero(weights):
    with pytest.raises(MoneyError, match="weights"):
        allocate(inr("1.00"), weights)


@given(
    minor=st.integers(-(10**15), 10**15),
    weights=st.lists(st.decimals(0, 10**6, places=4), min_size=1, max_size=20).filter(any),
    currency=st.sampled_from(["INR", "JPY", "KWD"]),
)
def test_allocated_parts_add_up_again_and_are_fair_to_one_minor_unit(minor, weights, currency):
    parts = [to_minor(part) for part in allocate(from_minor(minor, currency), weights)]
    assert sum(parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - minor * weight) < sum(weights)


@given(st.decimals(-(10**12), 10**12, places=6))
def test_rounding_is_never_further_than_half_a_paisa(amount):
    assert abs(round_money(amount, "INR") - amount) <= Decimal("0.005")
    assert round_money(amount, "INR") == -round_money(-amount, "INR")
    assert round_money(amount, "INR") == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def test_words_of_very_large_amounts_do_not_end():
    assert amount_in_words(inr("1000000000000.00")) == "Rupees One Lakh Crore Only"
    assert amount_in_words(usd("1001000.01")) == "US Dollars One Million One Thousand and One Cent Only"
    assert amount_in_words(Money(Decimal("100.50"), "CHF")) == "Swiss Franc One Hundred and 50/100 Only"
    assert amount_in_words(inr("0.00")) == "Rupees Zero Only"
