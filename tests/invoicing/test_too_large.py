"""A quantity or amount that is too large for a line causes a blocking warning with the metric's name."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.test.client import Client

from billing_platform.lib.errors import DomainError
from invoicing.services import issuing
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import OCTOBER, after_october, amounts, at, draft, per_unit, used
from tests.invoicing.test_nothing_is_left_unbilled import bill

pytestmark = pytest.mark.django_db

SIX_19 = "6" + "0" * 19

CASES = [
    ("1" + "0" * 15, 1, "1", "AMOUNT_TOO_LARGE"),
    ("9" + "0" * 14, 1, "1", "AMOUNT_TOO_LARGE"),
    ("1" + "0" * 19, 1, "1", "AMOUNT_TOO_LARGE"),
    ("9" * 20, 1, "0.0123", "AMOUNT_TOO_LARGE"),
    ("1000", 1, "9" + "0" * 12, "AMOUNT_TOO_LARGE"),
    (SIX_19, 2, "1", "QUANTITY_TOO_LARGE"),
    ("9" * 20, 3, "1", "QUANTITY_TOO_LARGE"),
]


@pytest.mark.parametrize(("quantity", "times", "unit_price", "code"), CASES, ids=[f"{c[0]} x {c[1]}" for c in CASES])
def test_the_draft_shows_the_other_lines_and_a_warning_that_blocks(
    acme: Organisation, project: Project, api: Client, quantity: str, times: int, unit_price: str, code: str
) -> None:
    per_unit(unit_price)
    per_unit("2", metric_name="storage", unit="GB")
    used(project, 7, metric="storage", unit="GB")
    for _time in range(times):
        used(project, quantity)
    with at("2026-10-31 12:00"):
        upcoming = api.get(f"/api/v1/admin/organisations/{acme.pk}/invoices/upcoming")
    assert upcoming.status_code == 200, upcoming.content
    invoice = draft(acme)
    assert amounts(invoice) == [Decimal("14.00")]
    (warning,) = invoice.warnings
    assert (warning["code"], warning["metric_name"], warning["unit"]) == (code, "api_calls", "call")
    assert warning["blocks"] is True
    assert warning["message"].startswith("api_calls (call) can't be billed: ")
    assert [each["code"] for each in upcoming.json()["warnings"]] == [code]
    assert [line["amount"] for line in upcoming.json()["line_items"]] == ["14.00"]
    with after_october(), pytest.raises(DomainError) as refused:
        issuing.finalize_invoice(invoice_id=invoice.pk)
    assert (refused.value.code, refused.value.message) == (code, warning["message"])


def test_lines_that_are_too_much_together_are_left_off_by_name(acme: Organisation, project: Project) -> None:
    for name in ("a", "b", "c"):
        per_unit("1", metric_name=name, unit="call")
        used(project, "4" + "0" * 12, metric=name)
    invoice = draft(acme)
    assert amounts(invoice) == [Decimal(4 * 10**12)] * 2
    assert [(each["code"], each["metric_name"]) for each in invoice.warnings] == [("AMOUNT_TOO_LARGE", "c")]


def test_the_run_says_so_on_the_item_and_bills_the_others(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, SIX_19)
    used(project, SIX_19)
    other = factories.organisation("Umbrella")
    used(factories.project(other), 10)
    items = bill(OCTOBER, "2026-11-01 10:00")
    assert items["Acme"].status in ("parked", "failed")
    assert items["Acme"].reason == (
        "api_calls (call) can't be billed: 120,000,000,000,000,000,000 call in a month are more than 20 digits. "
        "Void or correct the events that are wrong."
    )
    assert items["Umbrella"].status == "done"


def test_sums_beyond_a_lines_quantity_are_folded_shown_and_put_right(
    acme: Organisation, project: Project, project_key: str, api: Client
) -> None:
    for _time in range(30):
        used(project, "9" * 20)
    with at("2026-10-31 12:00"):
        own = factories.client(project_key).get("/api/v1/usage")
        theirs = api.get(f"/api/v1/admin/organisations/{acme.pk}/usage")
    for answer in (own, theirs):
        assert answer.status_code == 200
        assert Decimal(json.loads(answer.content)["usage"][0]["quantity"]) == 30 * Decimal("9" * 20)
