"""Prices that change within a month: worked rows, and what holds for any price and any day of the change."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.money import round_money
from invoicing.pricing import Flat, Graduated, Package, Percentage, PerUnit, Price, Tier, Usage, Volume
from invoicing.pricing.month_charges import Counted, Part, charge_month, round_running
from tests.money.golden_tables import golden, tables
from tests.money.test_pricing import BODIES, price_from_dict


def parts_of(price_and_used: list[tuple[Price, Counted | None]]) -> list[Part]:
    """One part for each stretch on which something was reported, each with what came before it."""
    parts, before = [], None
    for price, used in price_and_used:
        if used is not None:
            parts.append(Part(price, used, before))
            before = used if before is None else before + used
    return parts


def lines(price_and_used: list[tuple[Price, Counted | None]]) -> list[tuple]:
    parts = parts_of(price_and_used)
    month = sum((part.used for part in parts), Counted())
    return round_running(charge_month(parts, month, price_and_used[-1][0]), "INR")


def reported(quantity: str, events: str) -> Counted | None:
    counted = Counted(Decimal(quantity), int(events))
    return None if counted.is_nothing else counted


@golden("pricing", "changes")
def test_worked_examples(row):
    first = price_from_dict(BODIES[row["first_price"]]), reported(row["used_first"], row["events_first"])
    second = price_from_dict(BODIES[row["second_price"]]), reported(row["used_then"], row["events_then"])
    expected = [Decimal(row[name]) for name in ("first_line", "second_line") if row[name] != "–"]
    found = lines([first, second])
    assert [amount for _charge, amount in found] == expected
    assert all(add_up(charged, amount) for charged, amount in found)


def add_up(charged, amount) -> bool:
    """The steps add up to the exact charge, each by itself, and that rounds to the line's amount."""
    steps = charged.steps
    sound = all(each.quantity * each.unit_price + each.flat_fee == each.amount for each in steps)
    return (
        sound
        and sum(each.amount for each in steps) == charged.exact_amount
        and round_money(charged.exact_amount, "INR") == amount
    )


def test_the_worked_examples_change_every_model():
    changed = {BODIES[row["second_price"]]["model"] for row in tables("pricing")["changes"]}
    assert changed == {"per_unit", "graduated", "volume", "package", "percentage", "flat"}


def test_a_later_line_shows_its_price_of_the_month_so_far_and_of_what_came_before():
    price = price_from_dict(BODIES["exports"])
    first, second = parts_of([(price, Counted(Decimal(10), 10)), (price, Counted(Decimal(10), 10))])
    second = replace(second, before_in_words="the 10 calls before 16 Oct 2026")
    charged = charge_month([first, second], Counted(Decimal(20), 20), price)[1]
    assert charged.explanation() == [
        {"description": "Tier 1 (up to 10)", "quantity": "10", "unit_price": "10", "flat_fee": "0", "amount": "100"},
        {"description": "Tier 2 (over 10)", "quantity": "10", "unit_price": "1", "flat_fee": "0", "amount": "10"},
        {
            "description": "Less the same price of the 10 calls before 16 Oct 2026",
            "quantity": "0", "unit_price": "0", "flat_fee": "-100", "amount": "-100",
        },
    ]  # fmt: skip


def test_a_price_per_unit_without_allowances_shows_its_own_units_alone():
    price = Price(PerUnit(Decimal(2)))
    found = lines([(price, Counted(Decimal(10), 10)), (price, Counted(Decimal(7), 7))])
    assert [(step.description, step.quantity, step.amount) for step in found[1][0].steps] == [("Units", 7, 14)]


def test_a_volume_price_names_the_months_total_that_reached_the_tier():
    price = price_from_dict(BODIES["bandwidth"])
    found = lines([(price, Counted(Decimal(100), 1)), (price, Counted(Decimal(50), 1))])
    assert [charged.steps[0].description for charged, _amount in found] == [
        "All units in Tier 2 (over 100, up to 200), by the month's total of 150"
    ] * 2


def test_a_negative_quantity_is_credited_at_the_price_of_the_positive_one():
    price = Price(PerUnit(Decimal(2)), minimum=Decimal(30))
    ((charged, amount),) = lines([(price, Counted(Decimal(-4), -1))])
    assert amount == -30  # 4 x 2 = 8, up to the minimum
    assert charged.exact_amount == -30


amounts = st.decimals(0, 1000, places=4)
small = st.decimals(0, 50, places=2)
bounds = st.lists(st.decimals("0.01", 100, places=2), max_size=4, unique=True).map(sorted)


@st.composite
def tiered(draw, kind):
    tiers = tuple(Tier(bound, draw(amounts), draw(amounts)) for bound in [*draw(bounds), None])
    return kind(tiers, draw(st.booleans()))


models = st.one_of(
    st.builds(PerUnit, amounts),
    tiered(Graduated),
    tiered(Volume),
    st.builds(Package, amounts, st.decimals("0.01", 40, places=2)),
    st.builds(Percentage, amounts, amounts),
    st.builds(Flat, amounts),
)


@st.composite
def prices(draw, kinds=models):
    least, most = sorted([draw(amounts), draw(amounts)])
    minimum, maximum = draw(st.sampled_from([(None, None), (least, None), (None, most), (least, most)]))
    return Price(draw(kinds), draw(small), minimum, maximum)


counts = st.builds(Counted, small, st.integers(0, 5)).map(lambda found: None if found.is_nothing else found)
months = st.lists(counts, min_size=1, max_size=5)


@given(prices(), months)
def test_a_price_that_changes_into_itself_costs_what_it_costs_unchanged(price, stretches):
    found = lines([(price, used) for used in stretches])
    month = sum(filter(None, stretches), Counted())
    unchanged = price.charge(Usage(month.quantity, month.event_count)).exact_amount if found else 0
    assert sum(amount for _charge, amount in found) == round_money(Decimal(unchanged), "INR")
    assert all(add_up(charged, amount) for charged, amount in found)


unlimited = prices().map(lambda price: replace(price, minimum=None, maximum=None))


@given(st.lists(st.tuples(unlimited, counts), min_size=1, max_size=4))
def test_no_line_is_negative_for_any_two_prices(stretches):
    assert all(amount >= 0 for _charge, amount in lines(stretches))


@given(st.lists(st.tuples(prices(), counts), min_size=1, max_size=4))
def test_the_months_sum_lies_between_the_last_versions_minimum_and_maximum(stretches):
    found, last = lines(stretches), stretches[-1][0]
    total = sum(amount for _charge, amount in found)
    if found and last.minimum is not None:
        assert total >= round_money(last.minimum, "INR")
    if found and last.maximum is not None:
        assert total <= round_money(last.maximum, "INR")
    assert all(add_up(charged, amount) for charged, amount in found)


@given(prices(), small, st.integers(1, 5))
def test_one_version_costs_what_its_price_charges(price, quantity, events):
    ((charged, _amount),) = lines([(price, Counted(quantity, events))])
    assert charged.exact_amount == price.charge(Usage(quantity, events)).exact_amount
