"""The price models: worked examples, explanations, refusals, and what holds for any price."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.pricing import MODELS, Graduated, PerUnit, Price, PriceError, Tier, Usage, price_from_dict
from tests.money.golden_tables import golden, tables

BODIES = {row["price"]: json.loads(row["body"]) for row in tables("pricing")["prices"]}


def charge(body: dict, quantity: str, event_count: int = 0):
    return price_from_dict(body).charge(Usage(Decimal(quantity), event_count))


@golden("pricing", "charges")
def test_worked_examples(row):
    charged = charge(BODIES[row["price"]], row["quantity"], int(row["events"]))
    assert charged.exact_amount == Decimal(row["exact_amount"])
    assert sum(detail.amount for detail in charged.steps) == charged.exact_amount


@golden("pricing", "free_events")
def test_free_events_are_the_first_ones(row):
    amounts = tuple(Decimal(amount) for amount in row["events"].split())
    charged = price_from_dict(BODIES[row["price"]]).charge(Usage(sum(amounts), len(amounts), amounts))
    assert charged.exact_amount == Decimal(row["exact_amount"])


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_price_survives_being_written_and_read(body):
    price = price_from_dict(body)
    assert price_from_dict(json.loads(json.dumps(price.to_dict()))) == price


def test_the_worked_examples_cover_every_model():
    assert {body["model"] for body in BODIES.values()} == set(MODELS)


def test_a_graduated_charge_shows_each_tier():
    body = {
        "model": "graduated",
        "tiers": [{"up_to": "10", "unit_price": "5", "flat_fee": "3"}, {"up_to": None, "unit_price": "4.5"}],
        "free_units": "2",
        "minimum": "100",
    }
    assert charge(body, "16").explanation() == [
        {"description": "Free units", "quantity": "2", "unit_price": "0", "flat_fee": "0", "amount": "0"},
        {"description": "Tier 1 (up to 10)", "quantity": "10", "unit_price": "5", "flat_fee": "3", "amount": "53"},
        {"description": "Tier 2 (over 10)", "quantity": "4", "unit_price": "4.5", "flat_fee": "0", "amount": "18"},
        {"description": "Up to the minimum", "quantity": "0", "unit_price": "0", "flat_fee": "29", "amount": "29"},
    ]


def test_a_volume_charge_names_the_tier_that_was_reached():
    (detail,) = charge(BODIES["bandwidth"], "150").steps
    assert detail.description == "All units in Tier 2 (over 100, up to 200)"
    assert (detail.quantity, detail.unit_price, detail.amount) == (150, 1, 150)


def test_a_percentage_shows_share_and_fees_apart():
    share, fees = charge(BODIES["card volume"], "800", 4).steps
    assert (share.description, share.amount) == ("1.3% of the total", Decimal("10.4"))
    assert (fees.description, fees.quantity, fees.amount) == ("Fee per event", 4, 8)


def test_a_percentage_shows_what_is_free():
    price = price_from_dict(BODIES["card volume, some free"])
    free, share, fees = price.charge(Usage(Decimal(560), 4, tuple(map(Decimal, (50, 100, 400, 10))))).steps
    assert (free.description, free.quantity, free.amount) == ("Free: the first 2 events", 500, 0)
    assert (share.description, share.quantity, share.amount) == ("1.3% of the rest", 60, Decimal("0.78"))
    assert (fees.description, fees.quantity, fees.amount) == ("Fee per event", 2, 4)


def test_a_graduated_percentage_shows_the_rate_of_each_tier():
    assert [(each.description, each.quantity, each.amount) for each in charge(BODIES["payouts"], "6000").steps] == [
        ("3% of tier 1 (up to 1,000)", 1000, 40),
        ("2% of tier 2 (over 1,000, up to 5,000)", 4000, 80),
        ("1% of tier 3 (over 5,000)", 1000, 15),
    ]


def test_full_packages_show_the_rest_that_costs_nothing():
    full, rest = charge(BODIES["messages, full packages"], "129.5").steps
    assert (full.description, full.quantity, full.amount) == ("Full packages of 10", 12, 1200)
    assert (rest.description, rest.quantity, rest.amount) == ("Rest, below a package", Decimal("9.5"), 0)


def test_a_minimum_is_due_at_zero_usage_only_if_the_price_says_so():
    body = {"model": "package", "package_price": "15", "package_size": "10", "minimum": "100"}
    assert charge(body, "0").exact_amount == 0
    assert charge({**body, "charge_at_zero": True}, "0").exact_amount == 100


def test_a_maximum_shows_what_it_takes_off():
    detail = charge(BODIES["seats"], "40").steps[-1]
    assert (detail.description, detail.amount) == ("Down to the maximum", -250)


def test_free_units_come_off_before_tiers_and_packages():
    package = {"model": "package", "package_price": "100", "package_size": "10", "free_units": "1"}
    assert charge(package, "121").exact_amount == 1200
    volume = {**BODIES["bandwidth"], "free_units": "100"}
    assert charge(volume, "200").exact_amount == 210


def test_a_flat_amount_is_not_due_while_usage_is_free():
    body = {"model": "flat", "amount": "499", "free_units": "10"}
    assert charge(body, "10", 10).exact_amount == 0
    assert charge(body, "10.00000001", 11).exact_amount == 499


def test_charges_are_exact_to_the_last_of_eighteen_decimals():
    body = {"model": "per_unit", "unit_price": "0.0000000001"}
    assert charge(body, "12345678901234567890.12345678").exact_amount == Decimal("1234567890.123456789012345678")


@pytest.mark.parametrize(
    ("body", "path", "problem"),
    [
        ({}, "model", "must be one of"),
        ({"model": "dynamic"}, "model", "must be one of"),
        ({"model": ["flat"]}, "model", "must be one of"),
        ({"model": "per_unit"}, "unit_price", "is required"),
        ({"model": "per_unit", "unit_price": 1.5}, "unit_price", "not float"),
        ({"model": "per_unit", "unit_price": "-1"}, "unit_price", "negative"),
        ({"model": "per_unit", "unit_price": "NaN"}, "unit_price", "not a decimal"),
        ({"model": "per_unit", "unit_price": "0.00000000001"}, "unit_price", "more than 10 decimals"),
        ({"model": "per_unit", "unit_price": "1", "free_units": "-1"}, "free_units", "negative"),
        ({"model": "per_unit", "unit_price": "1", "minimum": "2", "maximum": "1"}, "maximum", "less than the minimum"),
        ({"model": "package", "package_price": "1", "package_size": "0"}, "package_size", "greater than 0"),
        ({"model": "package", "package_price": "1"}, "package_size", "is required"),
        ({"model": "percentage", "rate": "x"}, "rate", "not a decimal"),
        ({"model": "percentage", "rate": "1", "free_events": "1.5"}, "free_events", "whole number"),
        ({"model": "percentage", "rate": "1", "free_events": -1}, "free_events", "from 1 to 10,000"),
        ({"model": "percentage", "rate": "1", "free_events": 10_001}, "free_events", "from 1 to 10,000"),
        ({"model": "percentage", "rate": "1", "free_amount": "-1"}, "free_amount", "negative"),
        (
            {"model": "percentage", "rate": "1", "fixed_fee": "2", "free_amount": "9"},
            "free_events",
            "required beside a free amount and a fee",
        ),
        (
            {"model": "percentage", "rate": "1", "free_amount": "9", "free_units": "9"},
            "free_units",
            "must be 0 beside free events",
        ),
        (
            {"model": "package", "package_price": "1", "package_size": "1", "rounding": "nearest"},
            "rounding",
            "one of up, down",
        ),
        (
            {"model": "graduated_percentage", "tiers": [{"up_to": None, "unit_price": "1"}]},
            "tiers[0].rate",
            "is required",
        ),
        ({"model": "flat", "amount": None}, "amount", "is required"),
        ({"model": "volume"}, "tiers", "is required"),
        ({"model": "volume", "tiers": []}, "tiers", "1 to 100"),
        ({"model": "volume", "tiers": [1]}, "tiers[0]", "object"),
        ({"model": "volume", "tiers": [{"up_to": "5"}]}, "tiers[0].up_to", "the last tier has no end"),
        ({"model": "volume", "tiers": [{"up_to": None}, {"up_to": None}]}, "tiers[0].up_to", "only the last tier"),
        ({"model": "graduated", "tiers": [{"up_to": "0"}, {"up_to": None}]}, "tiers[0].up_to", "greater than 0"),
        (
            {"model": "graduated", "tiers": [{"up_to": "5"}, {"up_to": "5"}, {"up_to": None}]},
            "tiers[1].up_to",
            "greater than 5",
        ),
        ({"model": "graduated", "tiers": [{"up_to": None, "flat_fee": "-1"}]}, "tiers[0].flat_fee", "negative"),
        (
            {"model": "graduated", "tiers": [{"up_to": None}], "charge_at_zero": "yes"},
            "charge_at_zero",
            "true or false",
        ),
    ],
)
def test_a_bad_price_is_refused_and_the_field_is_named(body, path, problem):
    with pytest.raises(PriceError) as refusal:
        price_from_dict(body)
    assert refusal.value.path == path
    assert problem in refusal.value.problem
    assert refusal.value.details == {path: [refusal.value.sentence]}


def test_a_bad_price_is_refused_in_a_sentence_that_counts_tiers_from_one():
    assert PriceError("tiers[1].up_to", "must be greater than 5.").message == (
        "tiers[1].up_to: The end of tier 2 must be greater than 5."
    )
    assert (
        PriceError("free_units", "The number must be finite.").sentence == "The free units: the number must be finite."
    )


@pytest.mark.parametrize("usage", [{"quantity": Decimal(-1)}, {"quantity": Decimal(1), "event_count": -1}])
def test_usage_is_never_negative(usage):
    with pytest.raises(PriceError, match="negative"):
        Usage(**usage)


prices = st.decimals(0, 1000, places=10)
quantities = st.decimals(0, 10**6, places=8)


@st.composite
def tiers(draw, flat_fees=prices):
    bounds = draw(st.lists(st.decimals("0.00000001", 10**5, places=8), max_size=6, unique=True).map(sorted))
    return tuple(Tier(bound, draw(prices), draw(flat_fees)) for bound in [*bounds, None])


@given(tiers(), quantities, quantities)
def test_more_usage_never_costs_less_when_graduated(levels, one, other):
    less, more = sorted([one, other])
    price = Price(Graduated(levels))
    assert price.charge(Usage(less)).exact_amount <= price.charge(Usage(more)).exact_amount


@given(tiers(flat_fees=st.just(Decimal(0))), quantities, st.decimals("0.00000001", 100, places=8))
def test_a_graduated_price_without_fees_has_no_jumps(levels, quantity, step):
    price = Price(Graduated(levels))
    before, after = (price.charge(Usage(q)).exact_amount for q in (quantity, quantity + step))
    assert after - before <= step * max(tier.unit_price for tier in levels)


@given(prices, quantities)
def test_one_endless_tier_is_a_unit_price(unit_price, quantity):
    graduated = Price(Graduated((Tier(None, unit_price),)))
    per_unit = Price(PerUnit(unit_price))
    assert graduated.charge(Usage(quantity)).exact_amount == per_unit.charge(Usage(quantity)).exact_amount


@given(st.sampled_from(list(BODIES.values())), quantities, st.integers(0, 10**6))
def test_the_details_always_add_up_to_the_charge(body, quantity, events):
    charged = charge(body, str(quantity), events)
    assert sum(detail.amount for detail in charged.steps) == charged.exact_amount
    assert all(d.quantity * d.unit_price + d.flat_fee == d.amount for d in charged.steps)


@given(quantities.filter(bool), st.integers(1, 1000))
def test_minimum_and_maximum_hold_for_any_usage(quantity, events):
    assert 30 <= charge(BODIES["seats"], str(quantity), events).exact_amount <= 100
