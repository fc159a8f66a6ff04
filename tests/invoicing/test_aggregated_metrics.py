"""Metrics with max, latest or unique are charged once; late usage is charged by the difference."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from events.models import Metric
from events.services.months import close_period
from invoicing.models import Invoice
from organisations.models import Organisation, Project
from tests.invoicing.language import NOVEMBER, OCTOBER, at, per_unit, used
from tests.invoicing.test_nothing_is_left_unbilled import bill

pytestmark = pytest.mark.django_db


def counted_as(aggregation: str) -> None:
    Metric.objects.create(
        name="seats", unit="seat", aggregation=aggregation, unique_property="user" if aggregation == "unique" else ""
    )


def lines(invoice: Invoice | None) -> list[tuple[Decimal, Decimal]]:
    assert invoice is not None
    return [(line.quantity, line.amount) for line in invoice.lines.order_by("position")]


def seats(project: Project, quantity: int, *, on: str, happened: str = "", user: str = "ann") -> None:
    used(project, quantity, on=on, metric="seats", unit="seat", happened=happened, user=user)


@pytest.mark.parametrize(
    ("aggregation", "quantity", "amount"),
    [("max", 9, "18.00"), ("latest", 4, "8.00"), ("unique", 2, "4.00")],
)
def test_a_month_is_charged_for_its_one_number(
    acme: Organisation, project: Project, aggregation: str, quantity: int, amount: str
) -> None:
    counted_as(aggregation)
    per_unit("2", metric_name="seats", unit="seat")
    seats(project, 5, on="2026-10-03")
    seats(project, 9, on="2026-10-10", user="bob")
    seats(project, 4, on="2026-10-12")
    assert lines(bill(OCTOBER, "2026-11-01 10:00")["Acme"].invoice) == [(Decimal(quantity), Decimal(amount))]


def test_a_peak_is_charged_at_the_price_of_the_day_it_was_reached(acme: Organisation, project: Project) -> None:
    counted_as("max")
    per_unit("2", metric_name="seats", unit="seat", effective_to=date(2026, 10, 16))
    per_unit("3", metric_name="seats", unit="seat", effective_from=date(2026, 10, 16))
    seats(project, 100, on="2026-10-05")
    seats(project, 110, on="2026-10-20")
    seats(project, 90, on="2026-10-25")
    invoice = bill(OCTOBER, "2026-11-01 10:00")["Acme"].invoice
    assert lines(invoice) == [(Decimal(0), Decimal(0)), (Decimal(110), Decimal("330.00"))]


def test_a_user_seen_before_and_after_a_new_price_is_charged_once_at_the_old(
    acme: Organisation, project: Project
) -> None:
    counted_as("unique")
    per_unit("2", metric_name="seats", unit="seat", effective_to=date(2026, 10, 16))
    per_unit("3", metric_name="seats", unit="seat", effective_from=date(2026, 10, 16))
    for user, day in [("ann", "05"), ("bob", "06"), ("ann", "20"), ("zoe", "21")]:
        seats(project, 1, on=f"2026-10-{day}", user=user)
    invoice = bill(OCTOBER, "2026-11-01 10:00")["Acme"].invoice
    assert lines(invoice) == [(Decimal(2), Decimal("4.00")), (Decimal(1), Decimal("3.00"))]


@pytest.mark.parametrize(
    ("late", "quantity", "amount"), [(120, 20, "40.00"), (80, 0, "0.00")], ids=["a higher peak", "a lower one"]
)
def test_a_late_value_is_charged_by_what_it_adds_to_the_peak(
    acme: Organisation, project: Project, late: int, quantity: int, amount: str
) -> None:
    counted_as("max")
    per_unit("2", metric_name="seats", unit="seat")
    seats(project, 100, on="2026-10-20")
    assert lines(bill(OCTOBER, "2026-11-01 10:00")["Acme"].invoice) == [(Decimal(100), Decimal("200.00"))]
    seats(project, late, on="2026-11-05", happened="2026-10-25T06:00:00Z")
    seats(project, 10, on="2026-11-06")
    invoice = bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice
    assert sorted(lines(invoice)) == sorted([(Decimal(10), Decimal("20.00")), (Decimal(quantity), Decimal(amount))])


def test_users_known_already_are_not_charged_when_they_are_reported_late(acme: Organisation, project: Project) -> None:
    counted_as("unique")
    per_unit("2", metric_name="seats", unit="seat")
    seats(project, 1, on="2026-10-20", user="ann")
    bill(OCTOBER, "2026-11-01 10:00")
    for user in ("ann", "bob"):
        seats(project, 1, on="2026-11-05", happened="2026-10-25T06:00:00Z", user=user)
    assert lines(bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice) == [(Decimal(1), Decimal("2.00"))]


def test_late_usage_of_a_month_closed_without_an_invoice_is_charged_by_itself(
    acme: Organisation, project: Project
) -> None:
    counted_as("max")
    per_unit("2", metric_name="seats", unit="seat")
    with at("2026-11-01 10:00"):
        close_period(organisation=acme, period=OCTOBER)
    seats(project, 7, on="2026-11-05", happened="2026-10-25T06:00:00Z")
    assert lines(bill(NOVEMBER, "2026-12-01 10:00")["Acme"].invoice) == [(Decimal(7), Decimal("14.00"))]
