"""What months cost, by project, metric, dimension and day: always what the invoice says, to the paisa."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import money_text
from events.usage.metered import MeteredUsage
from invoicing.computing.cost_shares import shares_of
from invoicing.lines import Line, LineKind
from invoicing.services import issuing
from invoicing.services.costs import CostState, Narrowed, broken_down, costs_of, costs_of_months, shares_within
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, OCTOBER, after_october, at, draft, issued, metric, per_unit, price, used
from tests.money.golden_tables import golden

ALL_OF_OCTOBER = Narrowed(OCTOBER.start, OCTOBER.end)
A, B, C = (UUID(int=number) for number in (1, 2, 3))
NAMES = {"A": A, "B": B, "C": C}


def usage(project: UUID, day: int, quantity: str, region: str = "") -> MeteredUsage:
    dimensions = (("region", region),) if region else ()
    when = date(2026, 10, day)
    return MeteredUsage(project, "", "api_calls", "call", "sum", dimensions, when, Decimal(quantity), 1)


def line(amount: str, **fields: object) -> Line:
    values = {"metric_name": "api_calls", "unit": "call", "used_in": OCTOBER.start} | fields
    return Line(kind=LineKind.USAGE, amount=Decimal(amount), **values)  # type: ignore[arg-type]  # as typed by each test


@golden("terms", "cost_shares")
def test_a_line_is_shared_by_quantity_and_nothing_is_lost(row: dict[str, str]) -> None:
    used_by = [pair.split() for pair in row["used"].split(", ")]
    rows = [usage(NAMES[name], day, quantity) for day, (name, quantity) in enumerate(used_by, start=1)]
    found = list(shares_of([line(row["line"])], rows, OCTOBER, row["currency"]))
    named = [(name, next((s.amount for s in found if s.project_id == NAMES[name]), ZERO)) for name, _q in used_by]
    assert ", ".join(f"{name} {money_text(amount, row['currency'])}" for name, amount in named) == row["shares"]


def test_the_most_special_price_takes_its_usage_out_of_the_others_share() -> None:
    lines = [line("10.00"), line("6.00", dimensions=(("region", "in"),))]
    rows = [usage(A, 1, "5", "in"), usage(B, 1, "5", "us")]
    found = [(share.project_id, share.amount) for share in shares_of(lines, rows, OCTOBER, "INR")]
    assert found == [(B, Decimal("10.00")), (A, Decimal("6.00"))]


def test_a_fee_is_of_the_days_that_it_bills_and_of_no_project() -> None:
    fee = Line(LineKind.RECURRING, Decimal("1.00"), service_start=date(2026, 10, 29), service_end=OCTOBER.end)
    found = [(s.project_id, s.day.day, s.amount) for s in shares_of([fee], [], OCTOBER, "INR")]
    assert found == [(None, 29, Decimal("0.34")), (None, 30, Decimal("0.33")), (None, 31, Decimal("0.33"))]


@pytest.mark.parametrize("seed", range(40))
def test_shares_of_random_lines_add_up_to_each_of_them(seed: int) -> None:
    chance = random.Random(seed)  # the same months each time
    regions = ["in", "us", ""]
    rows = [
        usage(chance.choice([A, B, C]), chance.randint(1, 31), str(chance.randint(-3, 40)), chance.choice(regions))
        for _row in range(chance.randint(0, 60))
    ]
    lines = [
        line(str(Decimal(chance.randint(-5000, 90000)) / 100), discount=Decimal("0.37"), dimensions=special)
        for special in ((), (("region", "in"),))
    ]
    found = list(shares_of(lines, rows, OCTOBER, "INR"))
    assert sum((share.amount for share in found), ZERO) == sum(each.amount for each in lines)
    assert sum((share.cost for share in found), ZERO) == sum(each.discounted_amount for each in lines)


@pytest.fixture
def october(acme: Organisation, project: Project) -> Project:
    """Tiers over two projects, a price of a region, a fee of nothing else: returns the second project."""
    other = factories.project(acme, "Other")
    metric(dimensions=("region",))
    price({"model": "graduated", "tiers": [{"up_to": "10", "unit_price": "5"}, {"up_to": None, "unit_price": "3.33"}]})
    per_unit("1.111", dimensions={"region": "us"})
    used(project, 7, on="2026-10-03", region="in")
    used(other, 24, on="2026-10-09", region="in")
    used(project, 9, on="2026-10-09", region="us")
    return other


@pytest.mark.django_db
def test_a_breakdown_is_the_subtotal_of_the_draft_and_then_of_the_invoice(
    acme: Organisation, project: Project, october: Project
) -> None:
    drafted = draft(acme)
    subtotal = drafted.subtotal
    with after_october():
        (so_far,) = costs_of(acme, ALL_OF_OCTOBER)
    with after_october():
        invoice = issuing.finalize_invoice(invoice_id=drafted.pk)
        (invoiced,) = costs_of(acme, ALL_OF_OCTOBER)
    assert (so_far.state, invoiced.state, invoiced.number) == (CostState.SO_FAR, CostState.INVOICED, invoice.number)
    assert so_far.amount == invoiced.amount == subtotal == Decimal("129.93")
    for cost in (so_far, invoiced):
        assert cost.shares == so_far.shares
        for by in ("metric", "project", "dimension"):
            rows = broken_down(shares_within([cost], ALL_OF_OCTOBER), by, "region")
            assert sum(row.cost for row in rows) == subtotal
    by_project = broken_down(shares_within([invoiced], ALL_OF_OCTOBER), "project")
    # 31 units in tiers are 50.00 + 69.93: 7/31 of 119.93 and 9 × 1.111 are the first project's
    assert [(row.key[0], row.cost) for row in by_project] == [
        (str(october.pk), Decimal("92.85")),
        (str(project.pk), Decimal("37.08")),
    ]
    by_region = broken_down(shares_within([invoiced], ALL_OF_OCTOBER), "dimension", "region")
    assert [(row.key, row.cost) for row in by_region] == [(("in",), Decimal("119.93")), (("us",), Decimal("10.00"))]


@pytest.mark.django_db
def test_days_of_a_month_have_their_part_of_it(acme: Organisation, october: Project) -> None:
    with after_october():
        costs = costs_of(acme, ALL_OF_OCTOBER)
    parts = [Narrowed(date(2026, 10, first), date(2026, 10, after)) for first, after in ((1, 4), (4, 9), (9, 31))]
    sums = [sum((share.cost for _c, share in shares_within(costs, part)), ZERO) for part in parts]
    assert sums == [Decimal("27.08"), ZERO, Decimal("102.85")]


@pytest.mark.django_db
def test_late_usage_costs_in_the_month_that_bills_it(acme: Organisation, project: Project, october: Project) -> None:
    issued(acme)
    used(project, 10, on="2026-11-05", happened="2026-10-20T06:00:00+00:00", region="in")
    with at("2026-11-10 10:00"):
        october_cost, november = costs_of(acme, Narrowed(OCTOBER.start, NOVEMBER.end), with_forecast=True)
    assert (october_cost.cost, november.cost) == (Decimal("129.93"), Decimal("33.30"))
    assert {(s.kind, s.day) for s in november.shares} == {("late_usage", NOVEMBER.start)}
    assert november.forecast == Decimal("33.30")  # late usage does not go on


@pytest.mark.django_db
def test_many_customers_take_as_many_statements_as_one(acme: Organisation, october: Project) -> None:
    others = [factories.organisation(f"Other {number}") for number in range(3)]
    for each in others:
        used(factories.project(each), 3)

    def count(*owners: Organisation) -> int:
        rows = list(Organisation.objects.filter(pk__in=[each.pk for each in owners]).select_related("billing_entity"))
        with CaptureQueriesContext(connection) as captured, after_october():
            costs_of_months(rows, [OCTOBER])
        return len(captured)

    assert count(*others, acme) <= count(acme) + 1
