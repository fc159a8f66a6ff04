"""A metric's conversion and rounding, as docs/money.md says; over a month split anywhere, they come to the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from events.usage.conversion import Conversion, Converted, converted
from events.usage.metered import MeteredUsage, MetricWords
from tests.money.golden_tables import Row, golden

TRAFFIC = ("traffic", "byte")
BYTES = MetricWords("traffic", "traffic (byte)", "byte", "bytes")


def conversion(row: Row) -> Conversion:
    return Conversion(
        Decimal(row["multiplier"]), Decimal(row["divisor"]), row["rounding"], int(row["places"] or 0), "GiB", ""
    )


@golden("quantities", "conversions")
def test_a_quantity_is_converted_and_rounded_once(row: Row) -> None:
    assert conversion(row).of(Decimal(row["measured"])) == Decimal(row["priced"])


@golden("quantities", "split_conversions")
def test_the_days_of_a_month_are_rounded_as_a_running_sum(row: Row) -> None:
    days = [Decimal(each) for each in row["measured"].split(", ")]
    rows = converted([used(number, each) for number, each in enumerate(days, 1)], {TRAFFIC: conversion(row)})
    assert [each.quantity for each in rows] == [Decimal(each) for each in row["priced"].split(", ")]
    assert [each.measured for each in rows] == days


def test_a_line_says_what_became_of_its_usage() -> None:
    gib = Conversion(divisor=Decimal(2**30), rounding="up", one="GiB")
    assert gib.in_words(Converted(Decimal(1_610_612_736), Decimal(2)), BYTES) == [
        "1,610,612,736 bytes × 1/1,073,741,824 = 1.5 GiB",
        "Rounded up to whole GiB: 2 GiB",
    ]
    thirds = Conversion(Decimal(2), Decimal(3), "nearest", 1, "pair", "pairs")
    assert thirds.in_words(Converted(Decimal(1), Decimal("0.7"), meters=2, is_part=True), BYTES) == [
        "1 byte × 2/3 ≈ 0.66666667 pairs",
        "Rounded to 1 decimal, each of 2 meters by itself, over the whole month: 0.7 pairs",
    ]


def used(day: int, quantity: Decimal, project: int = 1) -> MeteredUsage:
    return MeteredUsage(UUID(int=project), "Main", "traffic", "byte", "sum", (), date(2026, 10, day), quantity, 1)


quantities = st.decimals(min_value=-(10**12), max_value=10**12, places=8)
factors = st.decimals(min_value="0.0000000001", max_value=10**12, places=10)
anything = st.builds(
    Conversion, factors, factors, st.sampled_from(["none", "up", "down", "nearest"]), st.integers(0, 8), st.just("x")
)


@given(anything, st.lists(st.tuples(st.integers(1, 2), quantities), min_size=1, max_size=12))
def test_a_month_split_anywhere_comes_to_what_it_comes_to_unsplit(
    how: Conversion, days: list[tuple[int, Decimal]]
) -> None:
    rows = converted(
        [used(number, quantity, project) for number, (project, quantity) in enumerate(days, 1)],
        {TRAFFIC: how},
    )
    for project in (1, 2):
        mine = [Fraction(row.quantity) for row in rows if row.project_id.int == project]
        measured = [Fraction(quantity) for owner, quantity in days if owner == project]
        for priced, so_far in zip(accumulate(mine), accumulate(measured), strict=True):
            assert priced == Fraction(how.of(so_far))
