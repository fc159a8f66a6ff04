"""Prices that are due without usage: a customer's own minimum, flat amount or first fee, once for each month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.errors import DomainError
from invoicing.errors import NothingToBill
from invoicing.models import Invoice, InvoiceLine
from invoicing.services import drafting, voiding
from organisations.models import Organisation, Project
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, draft, issued, metric, per_unit, price, used
from tests.invoicing.test_corrections import correct, late_line, november
from tests.invoicing.test_price_changes import CHANGE, assert_the_steps_make_the_line

pytestmark = pytest.mark.django_db

AT_LEAST_30: dict[str, Any] = {"model": "per_unit", "unit_price": "10", "minimum": "30", "charge_at_zero": True}


def test_an_idle_customer_pays_the_minimum_of_its_own_price(acme: Organisation) -> None:
    price(AT_LEAST_30, organisation=acme)
    invoice = draft(acme)
    line = invoice.lines.get()
    assert (line.description, line.quantity, line.amount) == ("api_calls (call) · October 2026", 0, Decimal("30.00"))
    assert (line.kind, line.project_id, line.unit_price) == (InvoiceLine.Kind.USAGE, None, None)
    assert_the_steps_make_the_line(invoice)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"model": "flat", "amount": "499"}, "499.00"),
        ({"model": "volume", "tiers": [{"up_to": None, "unit_price": "2", "flat_fee": "3"}]}, "3.00"),
        ({"model": "package", "package_price": "9", "package_size": "5", "maximum": "40", "minimum": "7"}, "7.00"),
    ],
)
def test_flat_amounts_and_first_fees_are_due_too(acme: Organisation, body: dict[str, Any], expected: str) -> None:
    price(body | {"charge_at_zero": True}, organisation=acme, pool="project")
    assert amounts(draft(acme)) == [Decimal(expected)]


def test_a_price_for_every_customer_is_due_only_where_an_event_counts(acme: Organisation, project: Project) -> None:
    price({"model": "flat", "amount": "499", "charge_at_zero": True})
    with pytest.raises(NothingToBill):
        draft(acme)
    used(project, 0)
    assert amounts(draft(acme)) == [Decimal("499.00")]


def test_the_version_at_the_end_of_the_month_decides(acme: Organisation) -> None:
    rule = price(AT_LEAST_30, organisation=acme, effective_from=CHANGE)
    assert [(line.description, line.amount) for line in draft(acme).lines.all()] == [
        ("api_calls (call) · 16 to 31 Oct 2026", Decimal("30.00"))
    ]
    Invoice.objects.all().delete()
    rule.delete()
    price(AT_LEAST_30, organisation=acme, effective_to=CHANGE)
    per_unit("2")
    with pytest.raises(NothingToBill):
        draft(acme)


def test_late_usage_is_set_against_what_was_due_without_it(acme: Organisation, project: Project) -> None:
    price(AT_LEAST_30, organisation=acme)
    assert amounts(issued(acme)) == [Decimal("30.00")]
    used(project, 5, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    invoice = november(acme)
    assert late_line(invoice).amount == Decimal("20.00")  # 5 x 10 - 30
    assert invoice.lines.get(kind="usage").amount == Decimal("30.00")  # November's own


def test_what_was_due_without_usage_is_not_charged_again_with_late_usage_of_other_dimensions(
    acme: Organisation, project: Project
) -> None:
    metric(dimensions=("region",))
    per_unit("2")
    price(AT_LEAST_30, organisation=acme, dimensions={"region": "in"})
    used(project, 10, region="eu")
    assert sorted(amounts(issued(acme))) == [Decimal("20.00"), Decimal("30.00")]
    used(project, 1, on="2026-11-05", happened="2026-10-20T06:00:00Z", region="eu")
    assert late_line(november(acme)).amount == Decimal("2.00")


def test_a_month_that_is_billed_again_charges_it_and_no_other_month_does(acme: Organisation, project: Project) -> None:
    metric(dimensions=("region",))
    per_unit("2")
    price(AT_LEAST_30, organisation=acme, dimensions={"region": "in"}, effective_to=date(2026, 11, 1))
    used(project, 10, region="eu")
    first = issued(acme)
    with at("2026-11-04 10:00"):
        voiding.void_invoice(invoice_id=first.pk, reason="Wrong address")
    used(project, 1, on="2026-11-05", happened="2026-10-20T06:00:00Z", region="eu")
    assert amounts(november(acme)) == [Decimal("2.00")]
    with at("2026-12-01 10:00"):
        again = drafting.create_draft(organisation=acme, period=OCTOBER)
    assert amounts(again) == [Decimal("50.00")]  # 11 x 2 + 30 - 2


def test_a_month_that_is_voided_to_the_last_event_owes_what_is_due_without_usage(
    acme: Organisation, project: Project
) -> None:
    tier = {"up_to": None, "unit_price": "2", "flat_fee": "3"}
    price({"model": "graduated", "charge_at_zero": True, "tiers": [tier]}, organisation=acme)
    used(project, 6)
    assert amounts(issued(acme)) == [Decimal("15.00")]  # 6 x 2 + 3
    correct(project, 6)
    assert late_line(november(acme)).amount == Decimal("-12.00")  # 3 - 15


def test_it_may_not_begin_or_end_in_an_invoiced_month_even_if_nothing_was_used(
    acme: Organisation, project: Project
) -> None:
    per_unit("2", metric_name="exports", unit="file")
    used(project, 4, metric="exports", unit="file")
    issued(acme)
    with pytest.raises(DomainError) as refused:
        price(AT_LEAST_30, organisation=acme)
    assert (refused.value.code, refused.value.details["first_possible_day"]) == (
        "PRICE_REACHES_BILLED_MONTH",
        "2026-11-01",
    )
    price(AT_LEAST_30, organisation=acme, effective_from=NOVEMBER.start)
