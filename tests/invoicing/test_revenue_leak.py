"""The revenue leak: what no price covers is listed with a likely worth, priced late or written off, and then gone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.utils import ProgrammingError
from django.test.client import Client
from django.urls import reverse
from django.utils.html import strip_tags

from billing_platform.lib.errors import DomainError, InvalidInput
from events.models import Metric
from invoicing.models import Invoice, PricingRule, UsageWriteOff
from invoicing.selectors.revenue_leak import Asking, revenue_leak, totals
from invoicing.services import voiding
from invoicing.services.write_offs import take_back_write_off, write_off_usage
from organisations.models import Organisation, Project
from organisations.services.onboarding import create_project
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, issued, per_unit, used
from tests.invoicing.test_late_prices import pings
from tests.invoicing.test_usage_credits import bill

pytestmark = pytest.mark.django_db

PAGE = "/admin/invoicing/usagewriteoff/actions/leak/"


@pytest.fixture(autouse=True)
def october(acme: Organisation, project: Project) -> Invoice:
    """100 calls at ₹5, and 30 pings in two events that no price covers; 3 more of a test project."""
    per_unit("5")
    used(project, 100)
    used(project, 10, metric="pings", unit="ping")
    used(project, 20, metric="pings", unit="ping", on="2026-10-20")
    used(create_project(organisation=acme, name="Try", mode="test"), 3, metric="pings", unit="ping")
    return issued(acme)


@pytest.fixture
def metric() -> Metric:
    return Metric.objects.get(name="pings")


def leaks(user: Any, **narrowed: Any) -> list[tuple[Any, ...]]:
    """Customer, month, metric, what is left, its events, whether it is invoiced, and the estimate."""
    with at("2026-12-01 10:00"):
        found = revenue_leak(Asking(user, **narrowed))
    return [
        (
            leak.organisation.name,
            str(leak.month),
            leak.metric.name,
            leak.left,
            leak.events_left,
            leak.is_invoiced,
            leak.estimate and leak.estimate.amount.amount,
        )
        for leak in found
    ]


OF_OCTOBER = ("Acme", "2026-10", "pings", Decimal(30), 2, True, None)


def write_off(acme: Organisation, metric: Metric, user: Any, reason: str = "a trial") -> UsageWriteOff:
    with at("2026-11-20 10:00"):
        return write_off_usage(organisation=acme, period=OCTOBER, metric=metric, reason=reason, by=user)


def test_usage_without_a_price_is_listed_with_what_it_is_likely_worth(
    project: Project, admin_user: Any, operator: Any
) -> None:
    assert leaks(admin_user) == [OF_OCTOBER]
    initech = factories.organisation("Initech")
    theirs = factories.project(initech)
    used(theirs, 7, metric="pings", unit="ping", on="2026-11-05")
    per_unit("2", metric_name="pings", unit="ping", organisation=initech, effective_from=date(2026, 11, 20))
    assert leaks(admin_user) == [
        (*OF_OCTOBER[:-1], Decimal("60.00")),  # by the price of another customer
        ("Initech", "2026-11", "pings", Decimal(7), 1, False, Decimal("14.00")),
    ]
    assert leaks(operator) == [(*OF_OCTOBER[:-1], None)]  # of Acme, and not told Initech's price
    assert leaks(admin_user, period=NOVEMBER) == leaks(admin_user, organisation=initech)
    assert leaks(admin_user, metric_name="api_calls") == []
    with at("2026-12-01 10:00"):
        assert [str(each.amount) for each in totals(revenue_leak(Asking(admin_user)))] == ["74.00"]


@pytest.mark.parametrize(
    ("aggregation", "quantity"), [("max", 20), ("latest", 20), ("unique", 2), ("count", 2), ("weighted_sum", 2520)]
)
def test_its_quantity_is_what_a_price_would_be_applied_to(
    acme: Organisation, project: Project, admin_user: Any, aggregation: str, quantity: int
) -> None:
    unique = {"unique_property": "user"} if aggregation == "unique" else {}
    Metric.objects.create(name="other", unit="x", aggregation=aggregation, **unique)
    for value in (10, 20):
        used(project, value, metric="other", unit="x", user=f"u{value}", on="2026-10-28")
    (found,) = leaks(admin_user, period=OCTOBER, metric_name="other")
    assert found[3] == quantity  # a level of 30 for the last 3.5 days: 30 × 84


def test_a_price_that_bills_it_late_ends_the_leak(acme: Organisation, admin_user: Any) -> None:
    pings()
    assert leaks(admin_user) == []
    assert amounts(bill(acme, NOVEMBER, "2026-12-01 10:00")) == [Decimal("60.00")]


def test_what_is_written_off_is_no_leak_and_no_price_bills_it(
    acme: Organisation, project: Project, metric: Metric, admin_user: Any
) -> None:
    row = write_off(acme, metric, admin_user)
    assert (row.quantity, row.event_count, row.written_off_by) == (30, 2, admin_user)
    assert leaks(admin_user) == []
    for customer in (None, acme):
        with pytest.raises(DomainError) as error:
            pings(organisation=customer)
        assert error.value.code == "USAGE_WRITTEN_OFF"
        assert "Acme for October 2026. Take the write-off back first" in error.value.message
    pings(effective_from=date(2026, 11, 1))  # later months are not written off
    with pytest.raises(DomainError, match="without a price now"):
        write_off(acme, metric, admin_user)
    with at("2026-11-21 10:00"):
        take_back_write_off(write_off_id=row.pk, by=admin_user)
    assert leaks(admin_user) == [(*OF_OCTOBER[:-1], Decimal("60.00"))]
    pings(effective_to=date(2026, 11, 1))
    assert leaks(admin_user) == []


def test_more_usage_of_the_month_is_a_leak_for_the_difference(
    acme: Organisation, project: Project, metric: Metric, admin_user: Any
) -> None:
    write_off(acme, metric, admin_user)
    used(project, 4, metric="pings", unit="ping", on="2026-11-05", happened="2026-10-20T06:00:00Z")
    assert leaks(admin_user) == [("Acme", "2026-10", "pings", Decimal(4), 1, True, None)]
    write_off(acme, metric, admin_user, "late, and a trial too")
    assert leaks(admin_user) == []
    assert [row.quantity for row in UsageWriteOff.objects.order_by("created_at")] == [30, 4]


def test_a_month_that_is_billed_anew_does_not_bill_what_was_written_off(
    october: Invoice, acme: Organisation, metric: Metric, admin_user: Any
) -> None:
    write_off(acme, metric, admin_user)
    with at("2026-11-21 10:00"):
        voiding.void_invoice(invoice_id=october.pk, reason="wrong address")
    with pytest.raises(DomainError, match="written off"):
        pings(bills_late=False)


def test_a_write_off_needs_a_reason_and_an_invoiced_month(
    acme: Organisation, project: Project, metric: Metric, admin_user: Any
) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        write_off(acme, metric, admin_user, " ")
    used(project, 4, metric="pings", unit="ping", on="2026-11-05")
    with pytest.raises(DomainError, match="no issued invoice yet"), at("2026-11-20 10:00"):
        write_off_usage(organisation=acme, period=NOVEMBER, metric=metric, reason="a trial", by=admin_user)


@pytest.mark.parametrize("change", ["quantity = 1", "reason = 'none'", "taken_back_at = NULL, taken_back_by_id = NULL"])
def test_what_a_write_off_says_never_changes(acme: Organisation, metric: Metric, admin_user: Any, change: str) -> None:
    row = write_off(acme, metric, admin_user)
    take_back_write_off(write_off_id=row.pk, by=admin_user)
    with pytest.raises(ProgrammingError, match="never changes"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE invoicing_usagewriteoff SET {change}")


# --- the page and the API ---------------------------------------------------------------------------------------------


def test_the_page_leads_to_the_price_and_to_the_write_off(
    acme: Organisation, metric: Metric, operator: Any, globex: Organisation
) -> None:
    client = signed_in(operator)
    with at("2026-11-20 10:00"):
        page = client.get(PAGE)
        assert "30 ping in 2 events" in strip_tags(page.content.decode())
        (row,) = page.context["rows"]
        form = client.get(row["price_url"])
        assert 'name="bills_late"' in form.content.decode()
        assert form.context["tried"] == {"quantity": "30", "events": "2"}
        assert [leak.used for leak in form.context["late"]] == ["30 ping in 2 events"]
        asked = client.get(row["write_off_url"])
        assert "30 ping in 2 events" in strip_tags(asked.content.decode())
        sent = {
            "once": asked.context["form"]["once"].value(),
            "organisation": acme.pk,
            "metric": metric.pk,
            "month": "2026-10",
            "reason": "a trial",
        }
        elsewhere = client.post(row["write_off_url"], {**sent, "organisation": globex.pk})
        assert elsewhere.status_code == 403
        assert client.post(row["write_off_url"], {**sent, "once": _once(client, row)}).status_code == 302
        assert client.get(PAGE).context["rows"] == []
        written = UsageWriteOff.objects.get()
        back = reverse("admin:invoicing_usagewriteoff_action", args=[written.pk, "take_back"])
        client.post(back, {"once": client.get(back).context["form"]["once"].value()})
        assert len(client.get(PAGE).context["rows"]) == 1


def _once(client: Client, row: dict[str, Any]) -> str:
    return str(client.get(row["write_off_url"]).context["form"]["once"].value())


def test_the_price_form_bills_it_late_only_if_it_is_ticked(acme: Organisation, admin_user: Any) -> None:
    sent: dict[str, Any] = {
        "organisation": acme.pk,
        "metric_name": "pings",
        "unit": "ping",
        "currency": "INR",
        "model": "per_unit",
        "unit_price": "2",
        "pool": "organisation",
        "free_units": "0",
        "effective_from": "2026-10-01",
        "dimensions": "[]",
    }
    url, client = reverse("admin:invoicing_pricingrule_add"), signed_in(admin_user)
    with at("2026-11-20 10:00"):
        refused = client.post(url, sent)
        assert "is invoiced already" in strip_tags(refused.content.decode())
        assert client.post(url, sent | {"bills_late": "on"}).status_code == 302
    assert PricingRule.objects.get(metric_name="pings").late_prices.count() == 1


def test_the_api_lists_it_and_takes_a_price_that_bills_it_late(acme: Organisation, api: Client) -> None:
    url = "/api/v1/admin/revenue-leak"
    with at("2026-11-20 10:00"):
        answer = api.get(url, {"organisation": str(acme.pk), "period": "2026-10"}).json()
        assert answer["totals"] == []
        (row,) = answer["leaks"]
        assert (row["quantity"], row["event_count"], row["is_invoiced"], row["estimate"]) == ("30", 2, True, None)
        file = b"".join(api.get(url, {"format": "csv"})).decode().splitlines()  # type: ignore[arg-type]  # it streams
        assert file[1].startswith(f"{acme.pk},2026-10,pings,ping,30,2,")
        body = {
            "organisation": str(acme.pk),
            "metric_name": "pings",
            "unit": "ping",
            "currency": "INR",
            "model": "per_unit",
            "unit_price": "2",
            "effective_from": "2026-10-01",
        }
        post = {"content_type": "application/json", "headers": {"Idempotency-Key": "leak"}}
        assert api.post("/api/v1/admin/pricing-rules", body, **post).status_code == 409
        post["headers"] = {"Idempotency-Key": "leak-2"}
        added = api.post("/api/v1/admin/pricing-rules", body | {"bills_late": True}, **post)
        assert added.status_code == 201
        assert api.get(url).json()["leaks"] == []
