"""Which thresholds a value crosses."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.alerts.crossings import FALLING, MOST_AT_ONCE, crossed, holds

D = Decimal


def numbers(text: str) -> list[Decimal]:
    return [D(word) for word in text.split()]


@pytest.mark.parametrize(
    ("operator", "thresholds", "step", "previous", "current", "expected"),
    [
        ("gte", "10 30 50", "100", "33", "351", "50 150 250 350"),
        ("gte", "10 30 50", "100", "33", "350", "50 150 250 350"),
        ("gt", "10 30 50", "100", "33", "350", "50 150 250"),
        ("gte", "10 30 50", "100", "351", "351", ""),
        ("gte", "10 30 50", "100", "351", "40", ""),
        ("gte", "50 30 10", None, None, "33", "10 30"),
        ("gte", "10 30 50", "100", "50", "149.99999999", ""),
        ("gt", "10", None, "10", "10.5", "10"),
        ("lte", "50 30 10", "5", "33", "4", "30 10 5"),
        ("lt", "50 30 10", "5", "33", "5", "30 10"),
        ("lte", "-50", None, "-20", "-60", "-50"),
        ("eq", "0", None, "5", "0", "0"),
        ("eq", "0", None, "0", "0", ""),
        ("eq", "7", None, None, "7.00", "7"),
    ],
)
def test_golden(
    operator: str, thresholds: str, step: str | None, previous: str | None, current: str, expected: str
) -> None:
    found = crossed(
        previous=previous and D(previous),  # type: ignore[arg-type]  # no text is empty
        current=D(current),
        operator=operator,
        thresholds=numbers(thresholds),
        step=D(step) if step else None,
    )
    assert list(found) == numbers(expected)


def test_a_small_step_names_the_thresholds_nearest_to_a_great_value() -> None:
    great = D(10) ** 29
    found = crossed(previous=None, current=great, operator="gte", thresholds=[D(1)], step=D("0.00000001"))
    assert len(found) == MOST_AT_ONCE
    assert found[-1] == great


values = st.integers(-60, 60).map(Decimal)


@given(
    st.lists(values, min_size=2, max_size=8),
    st.lists(st.integers(-20, 20).map(Decimal), min_size=1, max_size=4, unique=True),
    st.sampled_from(["gt", "gte", "lt", "lte"]),
    st.none() | st.integers(3, 30).map(Decimal),
)
def test_a_way_in_one_direction_crosses_each_threshold_once(
    stops: list[Decimal], thresholds: list[Decimal], operator: str, step: Decimal | None
) -> None:
    """However many stops the way has; and what was crossed is what holds at its end and did not at its start."""
    way = sorted(stops, reverse=operator in FALLING)
    rule = {"operator": operator, "thresholds": thresholds, "step": step}
    seen = [
        each
        for before, after in pairwise(way)
        for each in crossed(previous=before, current=after, **rule)  # type: ignore[arg-type]  # as its parameters are
    ]
    assert len(seen) == len(set(seen))
    assert seen == list(crossed(previous=way[0], current=way[-1], **rule)) or len(seen) > MOST_AT_ONCE  # type: ignore[arg-type]
    assert all(holds(way[-1], operator, each) and not holds(way[0], operator, each) for each in seen)
    assert not crossed(previous=way[-1], current=way[0], **rule)  # type: ignore[arg-type]  # the way back
