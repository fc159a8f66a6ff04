"""Percentages whose first events of a month are free: in the order in which they happened, not were reported."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import UsageEvent
from events.services.corrections import correct_usage
from invoicing.models import Invoice
from invoicing.services.facts.invoice_facts import facts_of_months
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import OCTOBER, amounts, at, draft, issued, metric, price, used
from tests.invoicing.test_corrections import late_line, november
from tests.invoicing.test_price_changes import CHANGE, assert_the_steps_make_the_line, changes

pytestmark = pytest.mark.django_db

SOME_FREE = {"model": "percentage", "rate": "1.3", "fixed_fee": "2", "free_events": 3, "free_amount": "500"}


def sold(project: Project, *amounts_by_day: tuple[int, Any], **metadata: str) -> None:
    for day, amount in amounts_by_day:
        used(project, amount, on=f"2026-10-{day:02}", **metadata)


def test_the_first_events_are_those_that_happened_first(acme: Organisation, project: Project) -> None:
    price(SOME_FREE)
    sold(project, (6, 400), (5, 250))
    used(project, 100, on="2026-10-07", happened="2026-10-04T06:00:00Z")
    used(project, 50, on="2026-10-08", happened="2026-10-04T05:59:59Z")
    invoice = draft(acme)
    assert amounts(invoice) == [Decimal("7.20")]  # 50 + 100 + 250 are free: 400 x 1.3 % + 2
    assert_the_steps_make_the_line(invoice)


def test_free_events_run_over_all_projects_or_over_each_alone(acme: Organisation, project: Project) -> None:
    mobile = factories.project(acme, "Mobile")
    rule = price(SOME_FREE)
    sold(project, (3, 50), (5, 250))
    sold(mobile, (4, 100), (6, 400), (7, 30))
    assert amounts(draft(acme)) == [Decimal("9.59")]  # 430 x 1.3 % + 2 x 2
    Invoice.objects.all().delete()
    rule.delete()
    price(SOME_FREE, pool="project")
    # Main: all free; Mobile: 100 and 400 are free, of the 30 nothing is: 30 x 1.3 % + 2
    assert amounts(draft(acme)) == [Decimal("0.00"), Decimal("2.39")]


def test_each_price_of_dimensions_has_free_events_of_its_own(acme: Organisation, project: Project) -> None:
    metric(dimensions=("region",))
    price(SOME_FREE | {"free_events": 1})
    price(SOME_FREE | {"free_events": 1}, dimensions={"region": "eu"})
    sold(project, (3, 50), (4, 100), region="eu")
    sold(project, (5, 200), region="in")
    sold(project, (6, 300), region="us")
    # of the EU's, 100 x 1.3 % + 2; of the others', 300 x 1.3 % + 2
    assert sorted(amounts(draft(acme))) == [Decimal("3.30"), Decimal("5.90")]


def test_free_events_are_granted_once_where_the_price_changes(acme: Organisation, project: Project) -> None:
    changes(SOME_FREE, SOME_FREE)
    sold(project, (CHANGE.day - 2, 50), (CHANGE.day - 1, 100), (CHANGE.day, 250), (CHANGE.day + 1, 400))
    assert amounts(draft(acme)) == [Decimal("0.00"), Decimal("7.20")]


def test_an_event_that_is_void_takes_no_free_place(acme: Organisation, project: Project) -> None:
    price(SOME_FREE)
    sold(project, (3, 50), (4, 100), (5, 250), (6, 400))
    with at("2026-10-09 12:00"):
        correct_usage(
            organisation=acme, project=project, event_id=_event_id(project, 50), action="void", reason="x", by="asha"
        )
    # 100 and 250 are free, and 150 of the 400: 250 x 1.3 % + 2
    assert amounts(draft(acme)) == [Decimal("5.25")]


def test_late_usage_is_charged_as_if_it_had_been_reported_in_time(acme: Organisation, project: Project) -> None:
    price(SOME_FREE)
    sold(project, (3, 50), (4, 100), (5, 250))
    assert amounts(issued(acme)) == [Decimal("0.00")]
    used(project, 400, on="2026-11-05", happened="2026-10-01T06:00:00Z")
    # 400 and 50 are free, and 50 of the 100: 300 x 1.3 % + 2 x 2
    assert late_line(november(acme)).amount == Decimal("7.90")


def test_a_correction_of_an_invoiced_month_moves_the_free_places(acme: Organisation, project: Project) -> None:
    price(SOME_FREE)
    sold(project, (3, 50), (4, 100), (5, 250), (6, 400))
    assert amounts(issued(acme)) == [Decimal("7.20")]
    with at("2026-11-05 12:00"):
        correct_usage(
            organisation=acme, project=project, event_id=_event_id(project, 50), action="void", reason="x", by="asha"
        )
    assert late_line(november(acme)).amount == Decimal("-1.95")  # 5.25 - 7.20


def test_the_events_of_many_customers_are_read_at_once(acme: Organisation, project: Project) -> None:
    price(SOME_FREE)
    sold(project, (3, 50))
    second = factories.organisation("Second", gstin="", state_code="29")
    sold(factories.project(second), (4, 60))

    def queries(*organisations: Organisation) -> int:
        with CaptureQueriesContext(connection) as captured:
            facts_of_months(organisations, OCTOBER)
        return len(captured)

    assert queries(acme) == queries(acme, second)
    facts = facts_of_months([acme, second], OCTOBER)
    found = [
        event.quantity
        for each in (acme, second)
        for month in facts[each.pk].month.months
        for events in month.first_events.values()
        for event in events
    ]
    assert found == [50, 60]


def _event_id(project: Project, quantity: int) -> str:
    return UsageEvent.objects.get(project=project, quantity=quantity).event_id
