"""A simulated change of prices is computed as invoices are: no change of the price, no change of a bill."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.discounts import Discount
from invoicing.computing.minimum_charges import Minimum, MinimumFacts
from invoicing.computing.simulation import Comparison, MonthOfUse, Redeemed, compare
from invoicing.computing.terms import Terms
from invoicing.pricing.month_facts import MonthFacts, UsedMonth
from invoicing.pricing.rules import Rule
from tests.money.golden_tables import Row, golden
from tests.money.test_late_usage import METRIC, OCTOBER, WORDS, rows, usage, versions

JANUARY = date(2026, 1, 1)
PRICES: dict[str, dict[str, Any]] = {
    "0.10 each": {"model": "per_unit", "unit_price": "0.10"},
    "0.50 each": {"model": "per_unit", "unit_price": "0.50"},
    "1.00 each": {"model": "per_unit", "unit_price": "1.00"},
    "0.10 each, 1,000 free": {"model": "per_unit", "unit_price": "0.10", "free_units": "1000"},
    "1 to 1,000 at 0.12, the rest at 0.08": {
        "model": "graduated",
        "tiers": [{"up_to": "1000", "unit_price": "0.12"}, {"up_to": None, "unit_price": "0.08"}],
    },
}


def rule(words: str) -> Rule:
    return Rule(uuid4(), None, *METRIC, "INR", (), "organisation", PRICES[words], JANUARY)


def month(used: str, in_force: Rule, terms: Terms, period: BillingPeriod = OCTOBER) -> MonthOfUse:
    found = usage([(1, 10, Decimal(used))]) if Decimal(used) else ()
    found = tuple(replace(row, day=row.day.replace(month=period.start.month)) for row in found)
    return MonthOfUse(MonthFacts(period, "INR", (UsedMonth(period, found, (in_force,)),), WORDS), terms)


def minimum(amount: str) -> MinimumFacts | None:
    if amount == "–":
        return None
    return MinimumFacts((Minimum(UUID(int=1), Decimal(amount), JANUARY),), customer_since=JANUARY)


def percent_off(text: str) -> tuple[Discount, ...]:
    if text == "–":
        return ()
    return (Discount(UUID(int=2), "Launch", JANUARY, percent=Decimal(text.removesuffix("%"))),)


@golden("simulation", "bills")
def test_a_bill_under_two_prices(row: Row) -> None:
    terms = Terms(minimum=minimum(row["minimum"]), discounts=percent_off(row["discount"]))
    found = compare([month(row["used"], rule(row["in_force"]), terms)], [rule(row["draft"])])
    assert (found.before.total, found.after.total) == (Decimal(row["before"]), Decimal(row["after"]))
    assert found.percent == (None if row["percent"] == "–" else Decimal(row["percent"]))


@golden("simulation", "balances")
def test_a_balance_is_used_up_as_the_price_has_it(row: Row) -> None:
    balance = Discount(
        UUID(int=3), "Balance", JANUARY, amount=Decimal(row["balance"]), currency="INR", carries_remainder=True
    )
    periods = [OCTOBER, OCTOBER.next()]
    months = [
        month(used, rule(row["in_force"]), Terms(discounts=(balance,)), period)
        for used, period in zip(row["used"].split(), periods, strict=True)
    ]
    found = compare(months, [rule(row["draft"])])
    assert (found.before.total, found.after.total) == (Decimal(row["before"]), Decimal(row["after"]))


@given(versions(), rows, st.sampled_from(["–", "50.00", "400.00"]), st.sampled_from(["–", "10%"]))
def test_the_prices_in_force_as_drafts_change_no_bill(
    rules: tuple[Rule, ...], used: list[Any], least: str, off: str
) -> None:
    facts = MonthFacts(OCTOBER, "INR", (UsedMonth(OCTOBER, usage(used), rules),), WORDS)
    terms = Terms(minimum=minimum(least), discounts=percent_off(off))
    drafts = [replace(each, id=uuid4()) for each in rules]
    found: Comparison = compare([MonthOfUse(facts, terms)], drafts, {UUID(int=2): Redeemed(3, Decimal(5))})
    assert (found.delta, found.before.usage) == (0, found.after.usage)
