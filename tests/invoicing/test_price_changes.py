"""A price change within a month: allowances continue, for global and own prices, on time and late."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.money import round_money
from events.models import Metric
from invoicing.models import Invoice
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, draft, metric, price, used
from tests.invoicing.test_nothing_is_left_unbilled import bill

pytestmark = pytest.mark.django_db

CHANGE = date(2026, 10, 16)
FREE = {"model": "per_unit", "unit_price": "2", "free_units": "10"}
FLAT = {"model": "flat", "amount": "499"}
TIERS = {"model": "graduated", "tiers": [{"up_to": "10", "unit_price": "10"}, {"up_to": None, "unit_price": "1"}]}
VOLUME = {
    "model": "volume",
    "tiers": [{"up_to": "10", "unit_price": "5", "flat_fee": "7"}, {"up_to": None, "unit_price": "3"}],
}
PACKAGE = {"model": "package", "package_price": "100", "package_size": "25"}
PERCENTAGE = {"model": "percentage", "rate": "2", "fixed_fee": "1", "free_units": "4"}


def changes(before: dict[str, Any], after: dict[str, Any], **fields: Any) -> None:
    price(before, effective_to=CHANGE, **fields)
    price(after, effective_from=CHANGE, **fields)


def described(invoice: Invoice) -> list[tuple[str, Decimal, Decimal]]:
    return [(line.description, line.quantity, line.amount) for line in invoice.lines.order_by("position")]


def assert_the_steps_make_the_line(invoice: Invoice) -> None:
    """Each step by itself, and their sum, rounded, the line's amount: so that they can be printed below it."""
    for line in invoice.lines.all():
        steps = [
            [Decimal(step[name]) for name in ("quantity", "unit_price", "flat_fee", "amount")]
            for step in line.explanation
        ]
        assert all(quantity * unit_price + fee == amount for quantity, unit_price, fee, amount in steps)
        assert round_money(sum(amount for *_rest, amount in steps), invoice.currency) == line.amount


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (FREE, ["0.00", "20.00"]),  # 10 free; (20 - 10) x 2 less nothing
        (FLAT, ["499.00", "0.00"]),
        (TIERS, ["100.00", "10.00"]),  # 10 x 10; 10 x 10 + 10 x 1 less 100
        (PACKAGE, ["100.00", "0.00"]),  # one package of 25; it has room for the rest
        (VOLUME, ["30.00", "30.00"]),  # the month's 20 are in the second tier: 10 x 3 each
        (PERCENTAGE, ["1.12", "1.20"]),  # 2 % of 6 and 1 for the event; 2 % of 10 and 1
    ],
    ids=["free units", "flat", "tiers", "package", "volume", "percentage"],
)
def test_what_belongs_to_the_month_is_granted_once(
    acme: Organisation, project: Project, body: dict[str, Any], expected: list[str]
) -> None:
    changes(body, body)
    used(project, 10, on="2026-10-15")
    used(project, 10, on="2026-10-16")
    invoice = draft(acme)
    assert amounts(invoice) == [Decimal(amount) for amount in expected]


def test_the_later_line_tells_what_came_before_in_the_metrics_words(acme: Organisation, project: Project) -> None:
    Metric.objects.create(name="api_calls", unit="call", display_name="API calls", unit_name_plural="calls")
    changes(TIERS, TIERS)
    used(project, 10, on="2026-10-15")
    used(project, 1, on="2026-10-16")
    first, later = draft(acme).lines.order_by("position")
    assert (first.description, first.unit_label) == ("API calls · 1 to 15 Oct 2026", "calls")
    assert (later.description, later.unit_label) == ("API calls · 16 to 31 Oct 2026", "call")
    assert [(step["description"], step["amount"]) for step in later.explanation] == [
        ("Tier 1 (up to 10)", "100"),
        ("Tier 2 (over 10)", "1"),
        ("Less the same price of the 10 calls before 16 Oct 2026", "-100"),
        ("of which Main", "0"),
    ]


def test_a_customers_own_price_continues_the_month_of_the_global_price(acme: Organisation, project: Project) -> None:
    price(FREE)
    price(FREE | {"unit_price": "3"}, organisation=acme, effective_from=date(2026, 10, 10), effective_to=CHANGE)
    used(project, 4, on="2026-10-05")
    used(project, 8, on="2026-10-12")
    used(project, 5, on="2026-10-20")
    # 4 free; (12 - 10) x 3 = 6.00 less nothing; (17 - 10) x 2 = 14 less (12 - 10) x 2 = 4: 10.00
    assert described(draft(acme)) == [
        ("api_calls (call) · 1 to 9 Oct 2026", Decimal(4), Decimal("0.00")),
        ("api_calls (call) · 10 to 15 Oct 2026", Decimal(8), Decimal("6.00")),
        ("api_calls (call) · 16 to 31 Oct 2026", Decimal(5), Decimal("10.00")),
    ]


def test_a_price_for_other_dimensions_is_another_price(acme: Organisation, project: Project) -> None:
    metric(dimensions=("region",))
    price(FREE)
    price(FREE, dimensions={"region": "eu"}, effective_from=CHANGE)
    used(project, 10, on="2026-10-15", region="eu")
    used(project, 12, on="2026-10-16", region="eu")
    used(project, 3, on="2026-10-17", region="in")
    # of the 12 in the EU 10 are free: 2 x 2; of the catch-all's 13, the 10 before included, (13 - 10) x 2
    assert sorted(amounts(draft(acme))) == [Decimal("4.00"), Decimal("6.00")]


def test_each_projects_allowance_runs_on_by_itself(acme: Organisation, project: Project) -> None:
    mobile = factories.project(acme, "Mobile")
    changes(FREE, FREE, pool="project")
    used(project, 10, on="2026-10-15")
    used(project, 10, on="2026-10-16")
    used(mobile, 6, on="2026-10-16")
    found = {(line.project.name, line.service_start): line.amount for line in draft(acme).lines.all()}
    # Main: 10 free, then (20 - 10) x 2; Mobile: 6 free
    assert found == {
        ("Main", date(2026, 10, 1)): Decimal("0.00"),
        ("Main", CHANGE): Decimal("20.00"),
        ("Mobile", CHANGE): Decimal("0.00"),
    }


def test_after_a_change_of_the_pool_what_came_before_is_the_projects_own(acme: Organisation, project: Project) -> None:
    mobile = factories.project(acme, "Mobile")
    price(FREE, effective_to=CHANGE)
    price(FREE, effective_from=CHANGE, pool="project")
    used(project, 8, on="2026-10-15")
    used(mobile, 4, on="2026-10-15")
    used(project, 5, on="2026-10-16")
    used(mobile, 5, on="2026-10-16")
    # together (12 - 10) x 2 = 4.00; then Main (13 - 10) x 2 = 6.00 less nothing; Mobile 9 are free
    assert sorted(amounts(draft(acme))) == [Decimal("0.00"), Decimal("4.00"), Decimal("6.00")]


def test_the_last_versions_minimum_holds_although_nothing_was_used_on_its_days(
    acme: Organisation, project: Project
) -> None:
    plain = {"model": "per_unit", "unit_price": "2"}
    changes(plain, plain | {"minimum": "50"})
    used(project, 10, on="2026-10-15")
    assert described(draft(acme)) == [("api_calls (call) · 1 to 15 Oct 2026", Decimal(10), Decimal("50.00"))]


BOUNDED = TIERS | {"minimum": "30", "maximum": "118"}


@pytest.mark.parametrize("pool", ["organisation", "project"])
@pytest.mark.parametrize(
    "body",
    [FREE, FLAT, TIERS, PACKAGE, VOLUME, PERCENTAGE, BOUNDED],
    ids=["free units", "flat", "tiers", "package", "volume", "percentage", "bounds"],
)
def test_usage_that_comes_late_costs_what_it_would_have_cost_on_time(
    acme: Organisation, project: Project, body: dict[str, Any], pool: str
) -> None:
    umbrella = factories.organisation("Umbrella")
    punctual = factories.project(umbrella)
    dearer = body | ({"unit_price": "3"} if body is FREE else {})
    changes(body, dearer, pool=pool)
    for owner in (project, punctual):
        used(owner, 7, on="2026-10-15")
        used(owner, 6, on="2026-10-20")
    used(punctual, 5, on="2026-10-05")
    used(punctual, 9, on="2026-10-25")
    invoices = bill(OCTOBER, "2026-11-01 10:00")
    used(project, 5, on="2026-11-03", happened="2026-10-05T06:00:00Z")
    used(project, 9, on="2026-11-03", happened="2026-10-25T06:00:00Z")
    with at("2026-12-01 10:00"):
        late = bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice
    on_time = sum(amounts(invoices["Umbrella"].invoice))
    assert sum(amounts(invoices["Acme"].invoice)) + sum(amounts(late)) == on_time
    for invoice in (invoices["Acme"].invoice, invoices["Umbrella"].invoice, late):
        assert_the_steps_make_the_line(invoice)
