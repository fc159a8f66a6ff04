"""Prices that change within a month: worked rows, and what holds for any price and any day of the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.money import round_money
from invoicing.pricing import (
    MODELS,
    Flat,
    Graduated,
    GraduatedPercentage,
    Package,
    Percentage,
    PercentTier,
    PerUnit,
    Price,
    Rounding,
    Tier,
    Usage,
    Volume,
)
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
    month = parts[-1].so_far if parts else Counted()
    return round_running(charge_month(parts, month, price_and_used[-1][0]), "INR")


def events(amounts: Iterable[str | Decimal]) -> Counted:
    exact = tuple(Decimal(amount) for amount in amounts)
    return Counted(sum(exact, Decimal(0)), len(exact), exact)


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
    assert changed == set(MODELS)


@golden("pricing", "free_event_changes")
def test_free_events_are_granted_once(row):
    first, second = (
        (price_from_dict(BODIES[row[price]]), events(row[amounts].split()))
        for price, amounts in (("first_price", "events_first"), ("second_price", "events_then"))
    )
    assert [amount for _charge, amount in lines([first, second])] == [
        Decimal(row["first_line"]),
        Decimal(row["second_line"]),
    ]


def test_fees_of_events_are_due_also_where_corrections_make_the_quantity_negative():
    price = Price(Percentage(Decimal("1.3"), Decimal(2)))
    ((_charge, amount),) = lines([(price, Counted(Decimal(-100), 2))])
    assert amount == Decimal("2.70")  # -1.30 + 2 x 2


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
def tiered(draw, kind, tier=Tier):
    return kind(tuple(tier(bound, draw(amounts), draw(amounts)) for bound in [*draw(bounds), None]))


models = st.one_of(
    st.builds(PerUnit, amounts),
    tiered(Graduated),
    tiered(GraduatedPercentage, PercentTier),
    tiered(Volume),
    st.builds(Package, amounts, st.decimals("0.01", 40, places=2), st.sampled_from(Rounding)),
    st.builds(Percentage, amounts, amounts),
    st.builds(Percentage, amounts, amounts, st.integers(1, 8), st.none() | small),
    st.builds(Percentage, amounts, free_amount=small),
    st.builds(Flat, amounts),
)


@st.composite
def prices(draw, kinds=models):
    least, most = sorted([draw(amounts), draw(amounts)])
    minimum, maximum = draw(st.sampled_from([(None, None), (least, None), (None, most), (least, most)]))
    model = draw(kinds)
    free_units = Decimal(0) if isinstance(model, Percentage) and model.has_allowance else draw(small)
    return Price(model, free_units, minimum, maximum, charge_at_zero=draw(st.booleans()))


counts = st.none() | st.lists(small, min_size=1, max_size=5).map(events)
months = st.lists(counts, min_size=1, max_size=5)


@given(prices(), months)
def test_a_price_that_changes_into_itself_costs_what_it_costs_unchanged(price, stretches):
    found = lines([(price, used) for used in stretches])
    month = sum(filter(None, stretches), events([]))
    unchanged = price.charge(Usage(month.quantity, month.event_count, month.first_events)).exact_amount if found else 0
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


signed = st.builds(Counted, st.decimals(-50, 50, places=2), st.integers(-5, 5))


@given(st.builds(Percentage, amounts, amounts), st.lists(signed, min_size=1, max_size=5))
def test_a_split_percentage_costs_what_it_costs_unsplit_whatever_was_corrected(model, stretches):
    price, month = Price(model), sum(stretches, Counted())
    split = lines([(price, used) for used in stretches])
    ((_charge, unsplit),) = lines([(price, month)])
    assert sum(amount for _charge, amount in split) == unsplit


@given(prices(), small, st.integers(1, 5))
def test_one_version_costs_what_its_price_charges(price, quantity, events):
    ((charged, _amount),) = lines([(price, Counted(quantity, events))])
    assert charged.exact_amount == price.charge(Usage(quantity, events)).exact_amount
