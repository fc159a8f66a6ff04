"""Exchange rates that follow from published ones: the worked rows, and what holds for any rates."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.number_formats import money_text
from invoicing.pricing import Usage, price_from_dict
from invoicing.pricing.exchanging import exchanged_price
from invoicing.rates import Published, Rate
from tests.money.golden_tables import golden

DAY = date(2026, 10, 30)


def published(text: str, as_of: date = DAY) -> list[Rate]:
    """ "USD INR 84.0721; EUR INR 91.3154"."""
    rows = [each.split() for each in text.split(";")]
    return [Rate(base, target, Decimal(rate), as_of, "FBIL") for base, target, rate in rows]


@golden("exchange", "rates")
def test_worked_examples(row: dict[str, str]) -> None:
    found = Published(published(row["published"])).between(row["base"], row["target"], day=DAY)
    if found is None:
        assert (row["rate"], row["how"]) == ("-", "-")
        return
    assert (found.rate, str(found.kind)) == (Decimal(row["rate"]), row["how"])
    assert len(str(found.rate).partition(".")[2]) <= 10


@golden("exchange", "prices")
def test_exchanged_prices(row: dict[str, str]) -> None:
    price = exchanged_price(price_from_dict(json.loads(row["price"])), Decimal(row["rate"]))
    assert price == price_from_dict(json.loads(row["exchanged"]))
    charge = price.charge(Usage(Decimal(row["quantity"]), 1))
    assert money_text(charge.exact_amount, row["currency"]) == row["line"]


def test_a_rate_of_last_month_stands_behind_one_that_follows_from_fresh_ones() -> None:
    old = published("USD EUR 0.80", DAY - timedelta(days=32))
    fresh = published("EUR USD 1.25", DAY - timedelta(days=31))
    assert str(Published([*old, *fresh]).between("USD", "EUR", day=DAY).kind) == "inverse"
    assert Published(old).between("USD", "EUR", day=DAY) == old[0]  # whoever asks sees how old it is


def test_a_cross_rate_is_as_old_as_the_older_of_its_two_and_the_newest_way_is_taken() -> None:
    monday, friday = DAY - timedelta(days=4), DAY
    over_rupees = [*published("USD INR 84", monday), *published("EUR INR 91", friday)]
    found = Published(over_rupees).between("USD", "EUR", day=DAY)
    assert found.as_of == monday
    assert found.source == "cross rate: 1 USD = 84 INR, FBIL; 1 EUR = 91 INR, FBIL"
    over_yen = published("USD JPY 152; EUR JPY 165", friday)
    assert "JPY" in Published([*over_rupees, *over_yen]).between("USD", "EUR", day=DAY).source
    same_day = published("USD INR 84; EUR INR 91; USD JPY 152; EUR JPY 165")
    assert "INR" in Published(same_day).between("USD", "EUR", day=DAY).source  # the currency of the books


rates = st.decimals("0.0001", "9999", places=4)


@given(rates, rates)
def test_there_and_back_again(usd: Decimal, eur: Decimal) -> None:
    """Within the ten decimals that are stored, a cross rate and its opposite multiply to one."""
    known = Published(published(f"USD INR {usd}; EUR INR {eur}"))
    there, back = known.between("USD", "EUR", day=DAY), known.between("EUR", "USD", day=DAY)
    if there is not None and back is not None:
        error = Decimal("5e-11") * (there.rate + back.rate) + Decimal("1e-20")
        assert abs(there.rate * back.rate - 1) <= error
