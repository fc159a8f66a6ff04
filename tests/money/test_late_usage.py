"""Usage that is reported late, in any order, costs together what it would have cost in time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from events.usage.metered import MeteredUsage, MetricWords
from invoicing.pricing.month_facts import InvoicedBefore, MonthFacts, UsedMonth
from invoicing.pricing.rating import rate
from invoicing.pricing.rules import Rule
from tests.money.golden_tables import tables

OCTOBER = BillingPeriod.parse("2026-10")
LATER = [BillingPeriod.parse(month) for month in ("2026-11", "2026-12")]
CHANGE = date(2026, 10, 16)
METRIC = ("calls", "call")
WORDS = {METRIC: MetricWords("calls", "Calls", "call", "calls")}
BODIES = [json.loads(row["body"]) for row in tables("pricing")["prices"]]
BODIES = [body for body in BODIES if "free_events" not in body]  # the order of events is a fact of its own

Row = tuple[int, int, Decimal]  # project, day of October, quantity


def usage(rows: Iterable[Row]) -> tuple[MeteredUsage, ...]:
    """One value for each project and day, as metering answers."""
    found: dict[tuple[int, int], MeteredUsage] = {}
    for project, day, quantity in rows:
        one = MeteredUsage(
            UUID(int=project),
            f"P{project}",
            *METRIC,
            "sum",
            (),
            date(2026, 10, day),
            quantity,
            1 if quantity > 0 else -1,
        )
        before = found.get((project, day))
        if before is not None:
            one = replace(
                one, quantity=before.quantity + one.quantity, event_count=before.event_count + one.event_count
            )
        found[project, day] = one
    return tuple(found[key] for key in sorted(found))


def charged(period: BillingPeriod, rules: tuple[Rule, ...], rows: list[Row], before: InvoicedBefore | None) -> Decimal:
    """What the invoice of a period charges for October's usage that it counts."""
    month = UsedMonth(OCTOBER, usage(rows), rules, before)
    return sum((line.amount for line in rate(MonthFacts(period, "INR", (month,), WORDS)).lines), ZERO)


@st.composite
def versions(draw: st.DrawFn) -> tuple[Rule, ...]:
    """A price, or two of which the second begins on the 16th, of each project or of all together."""
    pools = st.sampled_from(["organisation", "project"])
    first, then = draw(st.tuples(st.sampled_from(BODIES), st.sampled_from(BODIES)))
    rule = Rule(UUID(int=1), None, *METRIC, "INR", (), draw(pools), first, date(2026, 1, 1))
    if draw(st.booleans()):
        return (rule,)
    changed = replace(rule, id=UUID(int=2), body=then, pool=draw(pools), effective_from=CHANGE)
    return replace(rule, effective_to=CHANGE), changed


quantities = st.decimals("0.01", 300, places=2)
rows = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 31), quantities), max_size=4)


@given(versions(), rows, rows, rows, st.booleans())
def test_late_usage_by_difference_costs_what_it_would_have_cost_in_time(
    rules: tuple[Rule, ...], in_time: list[Row], late: list[Row], later: list[Row], takes_back: bool
) -> None:
    if takes_back:  # the last invoice also has the corrections of all that was reported in time
        later = [*later, *((project, day, -quantity) for project, day, quantity in in_time)]
    total = charged(OCTOBER, rules, in_time, None)
    reported, periods = list(in_time), (OCTOBER,) if in_time else ()
    for period, more in zip(LATER, (late, later), strict=True):
        if not more:
            continue
        before = None
        if reported:
            sums = {METRIC: total}
            before = InvoicedBefore(sums, usage(reported), usage([*reported, *more]), periods, left=sums)
        total += charged(period, rules, more, before)
        reported, periods = [*reported, *more], (*periods, period)
    assert total == charged(OCTOBER, rules, reported, None)


def test_a_day_on_which_all_was_voided_brings_in_no_minimum() -> None:
    """₹5 for each call of all projects; from the 16th ₹10 for those of each project, at least ₹30. One call of the 16th
    is voided in November, when one of the 1st is reported: 5.00 are due of october, and 30.00 were charged."""
    first = {"model": "per_unit", "unit_price": "5"}
    then = {"model": "per_unit", "unit_price": "10", "minimum": "30"}
    rules = (
        Rule(UUID(int=1), None, *METRIC, "INR", (), "organisation", first, date(2026, 1, 1), CHANGE),
        Rule(UUID(int=2), None, *METRIC, "INR", (), "project", then, CHANGE),
    )
    in_time, more = [(1, 16, Decimal(1))], [(1, 16, Decimal(-1)), (1, 1, Decimal(1))]
    assert charged(OCTOBER, rules, in_time, None) == 30
    sums = {METRIC: Decimal(30)}
    before = InvoicedBefore(sums, usage(in_time), usage([*in_time, *more]), (OCTOBER,), left=sums)
    assert charged(LATER[0], rules, more, before) == -25
