"""The page Analytics: charts and tables of usage and costs, of all customers that a person sees, or of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client

from billing_platform.lib.admin.charts.bars import Bar, bars_chart
from billing_platform.lib.admin.charts.columns import Column, columns_chart
from organisations.models import Organisation, Project
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import at, issued, per_unit, used

PAGE = "/admin/events/usageaggregate/actions/analytics/"


@pytest.fixture
def usage(acme: Organisation, project: Project) -> None:
    """October's 10 calls at ₹5 are invoiced, 4 of November are not; Globex used some too."""
    per_unit("5")
    used(project, 10, on="2026-10-10")
    issued(acme)
    used(project, 4, on="2026-11-05")
    used(factories.project(factories.organisation("Globex"), "Web"), 7, on="2026-11-05")


def shown(client: Client, **asked: Any) -> Any:
    with at("2026-11-06 10:00"):
        return client.get(PAGE, asked)


@pytest.mark.django_db
def test_all_customers_stand_beside_each_other(usage: None, as_admin: Client) -> None:
    page = shown(as_admin).content.decode()
    assert "Invoiced for October 2026" in page
    assert "₹50.00" in page
    assert "api_calls (call)" in page
    assert 'aria-label="5 Nov 2026: 2"' in page


@pytest.mark.django_db
def test_one_customer_has_costs_with_a_forecast_and_whose_they_are(
    usage: None, acme: Organisation, operator: Any
) -> None:
    """A person of one customer sees that one at once, and no other."""
    client = signed_in(operator)
    page = shown(client).content.decode()
    assert "November 2026 so far" in page
    assert "₹20.00" in page
    assert "Globex" not in page
    assert "October 2026: ₹50.00, invoiced" in page
    by_project = b"".join(shown(client, by="project", span="month", format="csv")).decode()
    assert by_project.splitlines() == ["project,currency,amount,discount,cost", "Main,INR,20.00,0.00,20.00"]
    by_day = b"".join(shown(client, format="csv", of="days")).decode()
    assert by_day.splitlines()[1:] == [
        "2026-10-10,api_calls,call,10,1,50.00 INR",
        "2026-11-05,api_calls,call,4,1,20.00 INR",
    ]
    assert shown(client, organisation="00000000-0000-4000-8000-000000000000").status_code == 200


def test_a_chart_of_columns_says_what_it_draws() -> None:
    columns = [Column("1 Nov", (Decimal(4), Decimal(-1)), "/x"), Column("2 Nov", (Decimal(1),), more=Decimal(1))]
    chart = columns_chart("Costs <b>", columns, shown=str, series=["a", "b"])
    assert 'aria-label="Costs &lt;b&gt;, 1 Nov to 2 Nov; most in 1 Nov: 3"' in chart
    assert '<a href="/x" aria-label="1 Nov: 3">' in chart
    heights = [part.split('"')[0] for part in chart.split('height="')[2:] if 'class="reach"' not in part.split(">")[0]]
    assert heights == ["160.00", "40.00", "40.00"]


@pytest.mark.parametrize("count", range(40))
def test_few_columns_are_named_and_the_last_one_is(count: int) -> None:
    chart = columns_chart("x", [Column(f"d{number}", (Decimal(number),)) for number in range(count)], shown=str)
    names = [part.split("<")[0].split(">")[-1] for part in chart.split("<text")[1:]]
    below = [name for name in chart.split("</text>") if ">d" in name]
    assert len(below) <= 5
    assert count == 0 or any(name.endswith(f">d{count - 1}") for name in below), names


def test_bars_are_as_long_as_their_part_of_the_greatest() -> None:
    table = bars_chart("Costs", [Bar("A", "₹4", Decimal(4), "/a"), Bar("B", "₹1", Decimal(1))])
    assert 'width="100.00%" height="10"' in table
    assert 'width="25.00%" height="10"' in table
