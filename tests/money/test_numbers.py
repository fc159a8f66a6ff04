"""Numbers as text, for programs and for people, and text as numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.number_formats import (
    NumberError,
    exact_money_text,
    format_events,
    format_indian,
    format_number,
    format_percent,
    format_price,
    money_text,
    parse_decimal,
    plain_text,
    short_text,
)

LONG = "12345678901234567890.12345678"


@pytest.mark.parametrize(
    ("number", "plain", "short", "people"),
    [
        ("1234567.50", "1234567.50", "1234567.5", "1,234,567.5"),
        ("10.00000000", "10.00000000", "10", "10"),
        ("1E+3", "1000", "1000", "1,000"),
        ("0E-8", "0.00000000", "0", "0"),
        ("-0.50", "-0.50", "-0.5", "-0.5"),
        (LONG, LONG, LONG, "12,345,678,901,234,567,890.12345678"),
    ],
)
def test_a_number_is_written_in_full(number, plain, short, people):
    exact = Decimal(number)
    assert (plain_text(exact), short_text(exact), format_number(exact)) == (plain, short, people)


def test_zero_has_no_sign_and_whole_numbers_are_numbers_too():
    assert (short_text(Decimal("-0.00")), short_text(1200), format_number(1200)) == ("0", "1200", "1,200")
    assert format_percent(Decimal("18.000")) == "18%"


def test_amounts_for_programs_have_the_currencys_decimals():
    assert money_text(Decimal("1180.005"), "INR") == "1180.01"
    assert money_text(Decimal("1180.5"), "JPY") == "1181"


def test_unit_prices_are_not_rounded():
    assert format_price(Decimal("0.0123"), "INR") == "₹0.0123"
    assert format_price(Decimal(-2), "USD") == "-$2.00"
    assert format_price(Decimal("1234567.5"), "INR") == "₹12,34,567.50"


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.00000000", "0"), ("1.50000000", "1.5"), ("7087252", "7,087,252"), ("-1200.00", "-1,200"), ("1000", "1,000")],
)
def test_a_number_is_grouped_and_has_no_superfluous_zeros(number: str, text: str) -> None:
    assert format_number(Decimal(number)) == text


def test_one_event_is_singular() -> None:
    assert [format_events(count) for count in (0, 1, 2, 1056)] == ["0 events", "1 event", "2 events", "1,056 events"]


@pytest.mark.parametrize(
    ("given_value", "taken"),
    [("1.50", "1.50"), (" 12 ", "12"), ("1E+3", "1000"), ("-0.5", "-0.5"), (".5", "0.5"), (7, "7"), ("0E-10", "0E-10")],
)
def test_numbers_are_read_as_they_are_written(given_value, taken):
    assert str(parse_decimal(given_value)) == taken


@pytest.mark.parametrize(
    "refused",
    [
        *(1.5, True, None, "", "NaN", "Infinity", "1,000", "1_000", "١٢", "0x1"),
        *("1e999999", "1E+20", "9" * 21, "1" * 65, "0." + "1" * 31),
        *(Decimal("sNaN"), Decimal("-Infinity"), Decimal("1E+999999")),
    ],
)
def test_what_is_no_sensible_decimal_is_refused(refused):
    with pytest.raises(NumberError):
        parse_decimal(refused)


def test_decimals_are_limited_but_trailing_zeros_are_not_counted():
    assert parse_decimal("1.1234567800", places=8) == Decimal("1.12345678")
    with pytest.raises(NumberError, match="more than 8 decimals"):
        parse_decimal("1.123456789", places=8)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**19), max_value=10**19, places=10))
def test_a_number_survives_being_written_and_read(number):
    assert parse_decimal(str(number)) == number


@given(st.integers(0, 10**18))
def test_indian_grouping_only_adds_commas(number):
    written = format_indian(Decimal(number), places=0)
    assert written.replace(",", "") == str(number)
    head, *groups = written.split(",")
    assert len(head) in {1, 2} or (not groups and len(head) == 3)
    assert all(len(group) == 2 for group in groups[:-1])
    assert all(len(group) == 3 for group in groups[-1:])


def test_exact_text_has_at_least_the_currencys_decimals():
    assert exact_money_text(Decimal("1300"), "INR") == "1300.00"
    assert exact_money_text(Decimal("51.23450"), "INR") == "51.2345"
    assert exact_money_text(Decimal("7"), "JPY") == "7"
