"""A line explained: meters, days, corrections and events behind it, and the same amount when it is computed again."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from invoicing.models import Invoice, InvoiceLine
from invoicing.services import drafting
from invoicing.services.credit_notes.usage_credits import credit_corrections
from invoicing.services.explaining import explain_line
from organisations.models import Organisation, Project
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import amounts, at, draft, issued, metric, one_off, per_unit, price, used
from tests.invoicing.test_corrections import correct, late_line, november
from tests.invoicing.test_due_without_usage import AT_LEAST_30
from tests.invoicing.test_free_events import SOME_FREE, sold
from tests.invoicing.test_price_changes import FREE, TIERS, VOLUME, changes

pytestmark = pytest.mark.django_db

ADMIN = "/api/v1/admin"


def recomputed(invoice: Invoice) -> list[tuple[Decimal | None, bool]]:
    found = [explain_line(line).recomputed for line in invoice.lines.order_by("position")]
    return [(each.amount, each.agrees) for each in found]


def agreed(invoice: Invoice) -> list[tuple[Decimal, bool]]:
    return [(amount, True) for amount in amounts(invoice)]


def test_a_line_is_explained_down_to_its_events(acme: Organisation, project: Project) -> None:
    metric(dimensions=("region",))
    mobile = factories.project(acme, "Mobile")
    price(TIERS)
    per_unit("7", dimensions={"region": "us"})
    used(project, 4, on="2026-10-03", region="in")
    used(project, 3, on="2026-10-03", region="in")
    used(project, 2, on="2026-10-05", region="in")
    used(mobile, 6, on="2026-10-06", region="eu")
    used(mobile, 1, on="2026-10-07", region="us")
    used(project, 9, on="2026-11-02", region="in")
    line = issued(acme).lines.get(dimensions={})
    found = explain_line(line)
    assert [
        (each.project_name, dict(each.dimensions), each.quantity, [(day.day.day, day.quantity) for day in each.days])
        for each in found.meters
    ] == [("Main", {"region": "in"}, 9, [(3, 7), (5, 2)]), ("Mobile", {"region": "eu"}, 6, [(6, 6)])]
    assert (found.event_count, sorted(event.quantity for event in found.events)) == (4, [2, 3, 4, 6])
    assert sum(event.quantity for event in found.events) == line.quantity
    assert found.recomputed.sentence == "From the usage and the price behind it, the line comes to ₹105.00 again."


@pytest.mark.parametrize("body", [FREE, TIERS, VOLUME, SOME_FREE], ids=lambda body: body["model"])
@pytest.mark.parametrize("pool", ["organisation", "project"])
def test_each_line_of_a_month_with_a_price_change_comes_out_again(
    acme: Organisation, project: Project, body: dict[str, Any], pool: str
) -> None:
    changes(body, body, pool=pool)
    other = factories.project(acme, "Mobile")
    for each in (project, other):
        sold(each, (14, 50), (15, 12), (16, 250), (17, 400))
    invoice = issued(acme)
    assert recomputed(invoice) == agreed(invoice)


def test_late_usage_and_corrections_come_out_again_whatever_was_billed_since(
    acme: Organisation, project: Project
) -> None:
    price(TIERS)
    used(project, 9)
    first = issued(acme)
    correct(project, 9, becomes=12)
    used(project, 2, on="2026-11-06", happened="2026-10-20T06:00:00Z")
    with at("2026-12-01 10:00"):
        second = november(acme)
    late = late_line(second)
    assert late.amount == Decimal("14.00")  # 10 x 10 + 4 x 1 - 90
    explained = explain_line(late)
    assert [(each.event_id, each.quantity_before, each.quantity_after) for each in explained.corrections] == [
        (explained.corrections[0].event_id, 9, 12)
    ]
    assert sorted(event.quantity for event in explained.events) == [-9, 2, 12]
    assert recomputed(first) == agreed(first)
    assert recomputed(second) == agreed(second)


@pytest.mark.parametrize(("aggregation", "taken"), [("max", 9), ("latest", 4)])
def test_the_event_that_decided_is_marked(
    acme: Organisation, project: Project, admin_user: Any, aggregation: str, taken: int
) -> None:
    Metric.objects.filter(pk=metric(dimensions=("region",)).pk).update(aggregation=aggregation)
    per_unit("1")
    for day, quantity in ((3, 5), (4, 20), (5, 9), (6, 8), (7, 4)):
        used(project, quantity, on=f"2026-10-{day:02}", region="in")
    used(project, 1, on="2026-10-09", region="eu")  # a meter of its own
    correct(project, 20, on="2026-10-20")  # voided
    line = issued(acme).lines.get()
    explained = explain_line(line)
    assert {event.quantity for event in explained.events if event.pk in explained.decided_by} == {taken, 1}
    address = reverse("admin:invoicing_invoiceline_action", args=[line.pk, "explain"])
    assert signed_in(admin_user).get(address).content.decode().count(">Taken<") == 2


def test_late_usage_names_each_price_of_its_month(acme: Organisation, project: Project, admin_key: str) -> None:
    first = per_unit("1", effective_to=date(2026, 10, 16))
    second = per_unit("2", effective_from=date(2026, 10, 16))
    per_unit("3", dimensions={"region": "us"})  # nothing was used of it
    used(project, 10, on="2026-10-10")
    issued(acme)
    used(project, 5, on="2026-11-06", happened="2026-10-20T06:00:00Z")
    with at("2026-12-01 10:00"):
        line = late_line(november(acme))
    assert line.amount == Decimal("10.00")  # 10 x 1 + 5 x 2 - 10
    assert explain_line(line).versions == (first, second)
    shown = factories.client(admin_key).get(f"{ADMIN}/invoice-lines/{line.pk}/explain").json()
    assert [(each["pricing_rule"], each["price"]["unit_price"]) for each in shown["versions"]] == [
        (str(first.pk), "1"),
        (str(second.pk), "2"),
    ]
    assert [event["taken"] for event in shown["events"]["results"]] == [False]


def test_usage_that_a_credit_note_gave_back_comes_out_again(acme: Organisation, project: Project) -> None:
    per_unit("10")
    used(project, 60)
    used(project, 40)
    october = issued(acme)
    used(project, 5, on="2026-11-04")
    correct(project, 60)
    with at("2026-12-01 10:00"):
        rest = credit_corrections(invoice_id=november(acme).pk).invoice
    assert rest is not None
    assert recomputed(rest) == [(Decimal("50.00"), True)]  # 5 x 10; the note gave 600.00 back
    used(project, 10, on="2026-12-05", happened="2026-10-20T06:00:00Z")
    with at("2027-01-01 10:00"):
        later = drafting.create_draft(organisation=acme, period=BillingPeriod.parse("2026-12"))
    assert recomputed(later) == [(Decimal("100.00"), True)]  # 40 + 10 at 10, less 1000.00 - 600.00
    assert recomputed(october) == [(Decimal("1000.00"), True)]


def test_what_is_due_without_usage_and_typed_lines_come_out_again(acme: Organisation) -> None:
    price(AT_LEAST_30, organisation=acme)
    invoice = issued(acme)
    assert recomputed(invoice) == [(Decimal("30.00"), True)]
    typed = one_off(acme, "12.345", "3")
    assert recomputed(typed) == [(Decimal("37.04"), True)]  # 37.035


def test_a_line_that_does_not_come_out_says_so(acme: Organisation, project: Project) -> None:
    price(TIERS)
    used(project, 9)
    invoice = draft(acme)
    used(project, 1, on="2026-10-30")
    (found,) = [explain_line(line).recomputed for line in invoice.lines.all()]
    assert (found.agrees, found.sentence) == (
        False,
        "From the usage and the price behind it, the line comes to ₹100.00, not to ₹90.00.",
    )


def test_the_page_shows_all_of_it_and_gives_the_events_as_csv(
    acme: Organisation, project: Project, admin_user: Any
) -> None:
    price(TIERS)
    used(project, 9)
    line = issued(acme).lines.get()
    address = reverse("admin:invoicing_invoiceline_action", args=[line.pk, "explain"])
    client = signed_in(admin_user)
    page = client.get(address).content.decode()
    assert all(
        text in page for text in ("Comes out again", "Tier 1 (up to 10)", "Main", "10 Oct 2026", "All of them as CSV")
    )
    answer = client.get(address, {"format": "csv"})
    (row,) = csv.DictReader(b"".join(answer.streaming_content).decode().splitlines())
    assert (row["project"], row["quantity"], row["kind"]) == ("Main", "9.00000000", "usage")


def test_the_api_explains_a_line_page_by_page(
    acme: Organisation, project: Project, api: Client, globex: Organisation
) -> None:
    price(TIERS)
    for quantity in (1, 2, 3):
        used(project, quantity)
    line = issued(acme).lines.get()
    body = api.get(f"{ADMIN}/invoice-lines/{line.pk}/explain?page_size=2").json()
    assert body["recomputed"]["amount"] == body["line_item"]["amount"] == "60.00"
    assert body["recomputed"]["agrees"] is True
    assert body["price"]["model"] == "graduated"
    assert [(meter["project_name"], meter["quantity"]) for meter in body["meters"]] == [("Main", "6")]
    assert [event["quantity"] for event in body["events"]["results"]] == ["3", "2"]
    older = body["events"]["older"]
    rest = api.get(f"{ADMIN}/invoice-lines/{line.pk}/explain?page_size=2&before={older}").json()["events"]
    assert ([event["quantity"] for event in rest["results"]], rest["count"]) == (["1"], 3)
    stranger = factories.client(factories.admin_key(factories.member("stranger", globex, "admin")))
    assert stranger.get(f"{ADMIN}/invoice-lines/{line.pk}/explain").status_code == 404


def test_the_same_few_queries_whatever_the_line_bills(acme: Organisation, project: Project) -> None:
    price(TIERS)
    used(project, 9)
    few = issued(acme).lines.get()
    second = factories.organisation("Second", gstin="", state_code="29")
    for name in ("One", "Two", "Three"):
        used(factories.project(second, name), 5)
    many = issued(second).lines.get()

    def queries(line: InvoiceLine) -> int:
        fresh = InvoiceLine.objects.select_related("invoice__organisation", "pricing_rule").get(pk=line.pk)
        with CaptureQueriesContext(connection) as captured:
            explain_line(fresh)
        return len(captured)

    assert queries(few) == queries(many)
