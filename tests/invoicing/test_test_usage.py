"""Usage of a test project is counted and shown as test, and is on no invoice and in no live total."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import ProgrammingError
from django.test.client import Client
from django.utils.html import strip_tags

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from events.models import EventBatch, Metric, UsageEvent, UsagePeriod
from events.selectors.months import open_months, organisations_with_usage, usage_by_metric
from events.services.months import close_period
from events.usage import metering, recent
from events.usage.questions import Question, Span
from events.usage.report import events_by_day, usage_report, used_metrics
from invoicing.services.drafting import compute_month
from invoicing.services.runs import billing_run
from organisations.models import ApiKey, Organisation, Project
from organisations.services import api_keys, onboarding
from tests import factories
from tests.admin.conftest import signed_in
from tests.events.language import aggregates, event, fold, send, settle
from tests.invoicing.language import OCTOBER, after_october, at, draft, issued, per_unit, used

pytestmark = pytest.mark.django_db
SPAN_FIRST, SPAN_AFTER = date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture
def staging(acme: Organisation) -> Project:
    return onboarding.create_project(organisation=acme, name="Staging", mode="test")


@pytest.fixture
def both(acme: Organisation, project: Project, staging: Project) -> None:
    """At ₹1 a call: 90 calls of the test project, 10 of the live one."""
    per_unit("1")
    used(staging, 90)
    used(project, 10)


def _quantities(rows: Any) -> dict[str, Decimal]:
    return {row.project_name: row.quantity for row in rows}


def test_ninety_test_calls_and_ten_live_ones_cost_ten_rupees(acme: Organisation, both: None) -> None:
    with after_october():
        (line,) = compute_month(organisation=acme, period=OCTOBER).lines
    assert line.amount == Decimal("10.00")
    assert issued(acme).subtotal == Decimal("10.00")
    assert UsageEvent.objects.count() == 2, "both are counted"
    assert aggregates(acme) == fold(UsageEvent.objects.all())


@pytest.mark.parametrize("aggregation", ["max", "latest", "count", "unique"])
def test_whatever_a_metric_counts(acme: Organisation, project: Project, staging: Project, aggregation: str) -> None:
    """The live meter: one event, of 10, by one user. The test one: 90 and another user."""
    unique = {"unique_property": "user"} if aggregation == "unique" else {}
    Metric.objects.create(name="api_calls", unit="call", aggregation=aggregation, **unique)
    per_unit("1")
    used(staging, 90, user="t")
    used(project, 10, user="l")
    expected = "10.00" if aggregation in ("max", "latest") else "1.00"
    assert draft(acme).subtotal == Decimal(expected)


def test_late_test_usage_is_no_late_usage_of_an_invoice(acme: Organisation, both: None, staging: Project) -> None:
    issued(acme)
    used(staging, 5, on="2026-11-03", happened="2026-10-20T12:00:00+05:30")
    with at("2026-11-05 10:00"):
        computed = compute_month(organisation=acme, period=OCTOBER.next())
    assert (computed.lines, computed.warnings) == ((), ())


def test_unpriced_test_usage_warns_nobody(acme: Organisation, both: None, staging: Project) -> None:
    used(staging, 5, metric="experiments", unit="try")
    with after_october():
        assert compute_month(organisation=acme, period=OCTOBER).warnings == ()


def test_who_only_tests_has_no_month_to_bill(acme: Organisation, staging: Project) -> None:
    """Gone since, so that only usage could bring the customer into a run."""
    per_unit("1")
    used(staging, 90)
    acme.is_active = False
    acme.save()
    assert UsagePeriod.objects.filter(organisation=acme).exists()
    assert organisations_with_usage(period=OCTOBER) == set()
    assert open_months(before=date(2026, 11, 2)) == []
    with after_october():
        assert billing_run.left_open(clock.now()) == {}
    used(onboarding.create_project(organisation=acme, name="Live"), 1)
    assert organisations_with_usage(period=OCTOBER) == {acme.pk}
    assert open_months(before=date(2026, 11, 2)) == [(acme.pk, OCTOBER.start)]


def test_a_bad_batch_of_a_test_project_holds_no_month_open(acme: Organisation, both: None, staging: Project) -> None:
    with at("2026-10-20 12:00"):
        held = send(staging, event("held"))
        EventBatch.objects.filter(pk=held.batch_id).update(status="quarantined")
    with after_october():
        assert close_period(organisation=acme, period=OCTOBER).is_closed


def test_reports_leave_test_usage_out_until_it_is_asked_for(
    acme: Organisation, both: None, project: Project, staging: Project
) -> None:
    span, metric = Span(acme, SPAN_FIRST, SPAN_AFTER), Metric.objects.get()
    assert _quantities(metering.usage_for(organisation=acme, period=OCTOBER)) == {"Main": 10}
    assert _quantities(metering.usage_for(organisation=acme, period=OCTOBER, project=staging)) == {"Staging": 90}
    month = metering.usage_of_month(organisation=acme, month=OCTOBER, counted_in=[OCTOBER])
    assert _quantities(month) == {"Main": 10}
    assert _quantities(usage_by_metric(organisation=acme, period=OCTOBER)) == {"Main": 10}
    assert _quantities(used_metrics(span)) == {"Main": 10}
    assert _quantities(used_metrics(span, project=staging)) == {"Staging": 90}
    assert usage_report(Question(span, metric)).total.quantity == 10
    assert usage_report(Question(span, metric, project=staging)).total.quantity == 90
    assert [series.total.quantity for series in usage_report(Question(span, metric, split="project")).series] == [10]
    assert sum(count for _day, count in events_by_day(span)) == 1
    assert sum(count for _day, count in events_by_day(span, project=staging)) == 1


def test_the_dashboard_counts_live_events(
    acme: Organisation, project: Project, staging: Project, operator: Any
) -> None:
    send(staging, *[event(f"t{number}") for number in range(9)])
    send(project, event("live"))
    settle()
    assert sum(day.event_count for day in recent.daily_usage(actor=operator)) == 1


def test_the_api_says_which_usage_it_is(acme: Organisation, project: Project, staging: Project, api: Client) -> None:
    send(staging, event("t", 90))
    send(project, event("l", 10))
    settle()

    def asked(client: Client, path: str) -> tuple[str, list[str]]:
        answer = client.get(path).json()
        return answer["mode"], [row["quantity"] for row in answer["usage"]]

    assert asked(factories.client(factories.project_key(staging)), "/api/v1/usage") == ("test", ["90.00000000"])
    assert asked(factories.client(factories.project_key(project)), "/api/v1/usage") == ("live", ["10.00000000"])
    path = f"/api/v1/admin/organisations/{acme.pk}/usage"
    today = clock.today(acme.zone)
    days = f"start={today - timedelta(days=2)}&end={today + timedelta(days=2)}"
    for query in ("?", f"?{days}"):
        assert asked(api, f"{path}{query}") == ("live", ["10.00000000"])
        assert asked(api, f"{path}{query}&project_id={staging.pk}") == ("test", ["90.00000000"])


def test_the_admin_shows_what_is_test(acme: Organisation, project: Project, staging: Project, operator: Any) -> None:
    send(staging, event("t", 90))
    send(project, event("l", 10))
    settle()
    client = signed_in(operator)

    def text(path: str) -> str:
        page = client.get(path)
        assert page.status_code == 200, path
        return " ".join(strip_tags(page.content.decode()).split())

    assert "Acme / Staging (test)" in text(f"/admin/events/usageevent/?organisation__id__exact={acme.pk}")
    explorer = f"/admin/events/usageaggregate/?organisation={acme.pk}"
    assert "10 call" in text(explorer)
    assert "90 call" not in text(explorer)
    of_staging = text(f"{explorer}&project={staging.pk}")
    assert "90 call" in of_staging
    assert "Test usage: counted, never billed" in of_staging
    assert "Test" in text("/admin/organisations/project/?mode__exact=test")


def test_a_projects_keys_are_of_its_mode(project: Project, staging: Project, api: Client) -> None:
    def issue(owner: Project, **body: Any) -> Any:
        path = f"/api/v1/admin/projects/{owner.pk}/api-keys"
        return api.post(path, {"name": "app"} | body, content_type="application/json")

    assert issue(staging).json()["api_key"].startswith("mbp_test_")
    assert issue(staging, mode="test").json()["api_key"].startswith("mbp_test_")
    assert issue(project).json()["api_key"].startswith("mbp_live_")
    for owner, mode in ((staging, "live"), (project, "test")):
        refused = issue(owner, mode=mode)
        assert (refused.status_code, list(refused.json()["details"])) == (400, ["mode"])
    key = ApiKey.objects.filter(project=staging).first()
    assert key is not None
    assert api_keys.rotate_key(api_key_id=key.pk).secret.startswith("mbp_test_")


def test_a_project_is_made_live_or_test_and_stays_it_once_it_has_a_key(acme: Organisation, api: Client) -> None:
    def send_to(method: Callable[..., Any], path: str, **body: Any) -> Any:
        return method(f"/api/v1/admin/{path}", body, content_type="application/json")

    created = send_to(api.post, f"organisations/{acme.pk}/projects", name="Sandbox", mode="test").json()
    assert created["mode"] == "test"
    assert send_to(api.post, f"organisations/{acme.pk}/projects", name="App").json()["mode"] == "live"
    assert send_to(api.post, f"organisations/{acme.pk}/projects", name="Odd", mode="odd").status_code == 400
    path = f"projects/{created['id']}"
    assert send_to(api.patch, path, mode="live").json()["mode"] == "live"
    assert send_to(api.patch, path, mode="test").json()["mode"] == "test"
    factories.project_key(Project.objects.get(pk=created["id"]))
    refused = send_to(api.patch, path, mode="live")
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["mode"])
    assert "create another project" in refused.json()["error"]
    assert send_to(api.patch, path, mode="test", name="Sandbox 2").json()["name"] == "Sandbox 2"


def test_the_database_keeps_projects_and_keys_of_one_mode(project: Project, project_key: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(mode="test")
    with pytest.raises(ProgrammingError), transaction.atomic():
        ApiKey.objects.filter(project=project).update(mode="test")
    with pytest.raises(InvalidInput):
        onboarding.update_project(project=project, mode="test")
