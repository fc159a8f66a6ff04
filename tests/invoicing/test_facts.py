"""Facts of many invoices are those of each, read with as many queries for ten customers as for one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoicing.computing.minimum_charges import ChargedElsewhere
from invoicing.services.facts.invoice_facts import facts_of_months, month_facts
from invoicing.services.terms.discounts import add_discount
from invoicing.services.terms.minimum_charges import add_minimum_charge
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import Organisation
from tests import factories
from tests.invoicing.language import NOVEMBER, OCTOBER, at, issued, per_unit, used

pytestmark = pytest.mark.django_db


@pytest.fixture
def customers() -> list[Organisation]:
    """Four with usage of October that came late, of whom one has prices of its own, and one without usage."""
    per_unit("1")
    made = [factories.organisation(f"Customer {number}") for number in range(4)]
    per_unit("2", organisation=made[0])
    for number, organisation in enumerate(made):
        project = factories.project(organisation)
        used(project, 10 + number)
        issued(organisation)
        used(project, 5, on="2026-11-05", happened="2026-10-20T12:00:00+05:30")
        used(project, 7, on="2026-11-06")
    return [*made, factories.organisation("Idle")]


def test_facts_of_many_are_the_facts_of_each(customers: list[Organisation]) -> None:
    with at("2026-12-01 10:00"):
        together = facts_of_months(customers, NOVEMBER)
        assert together == {each.pk: month_facts(organisation=each, period=NOVEMBER) for each in customers}
    first, *_others, idle = (together[each.pk].month for each in customers)
    assert first is not None
    assert idle is not None
    assert [month.month for month in first.months] == [OCTOBER, NOVEMBER]
    before = first.months[0].invoiced_before
    assert before is not None
    # October was invoiced with 10 x 2 = 20.00; 5 came late
    assert before.charged == {("api_calls", "call"): Decimal("20.00")}
    assert [sum(row.quantity for row in rows) for rows in (before.usage, before.usage_with_late)] == [10, 15]
    assert idle.months == ()


def test_terms_of_many_are_the_terms_of_each_and_cost_no_query_more(customers: list[Organisation]) -> None:
    """With a global minimum, fees and a discount that is used: the customers with late usage are asked for apart."""
    first, *others = customers
    november = NOVEMBER.start
    add_minimum_charge(amount=Decimal("50.00"), currency="INR", effective_from=november)
    for each in customers:
        add_recurring_fee(organisation=each, description="Fee", amount=Decimal("9.00"), effective_from=november)
        add_discount(organisation=each, name="Offer", percent=Decimal(10), effective_from=november)
    with at("2026-12-01 10:00"):
        with CaptureQueriesContext(connection) as of_two:
            facts_of_months([first, customers[-1]], NOVEMBER)
        with CaptureQueriesContext(connection) as of_all:
            together = facts_of_months(customers, NOVEMBER)
        assert together == {each.pk: month_facts(organisation=each, period=NOVEMBER) for each in customers}
    assert len(of_all) == len(of_two)
    minimum = together[others[0].pk].terms.minimum
    assert minimum is not None
    # October was invoiced with 11 x 1 = 11.00
    assert minimum.elsewhere == {OCTOBER.start: ChargedElsewhere(Decimal("11.00"), has_own_invoice=True)}


def test_the_number_of_queries_does_not_grow_with_the_number_of_customers(customers: list[Organisation]) -> None:
    with at("2026-12-01 10:00"):
        with CaptureQueriesContext(connection) as of_one:
            facts_of_months(customers[:1], NOVEMBER)
        with CaptureQueriesContext(connection) as of_all:
            facts_of_months(customers, NOVEMBER)
    assert len(of_all) == len(of_one)
