"""Analytics over HTTP: usage and costs of a customer's own days, narrowed, as JSON and CSV."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import pytest
from django.test.client import Client

from events.models import Metric
from events.services.accepting import Form, accept_events
from organisations.models import Organisation, Project
from organisations.services.onboarding import create_project
from tests import factories
from tests.invoicing.asking import ADMIN, key_of
from tests.invoicing.language import after_october, at, issued, per_unit, used

pytestmark = pytest.mark.django_db
OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}


@pytest.fixture
def other(acme: Organisation, project: Project) -> Project:
    """Calls at ₹5: 10 on Saturday the 10th, 4 of another project on Monday the 12th, and 50 of a test project."""
    per_unit("5")
    found = factories.project(acme, "Other")
    used(project, 10, on="2026-10-10", region="in")
    used(found, 4, on="2026-10-12", region="us")
    used(create_project(organisation=acme, name="Try", mode="test"), 50, on="2026-10-12")
    return found


def ask(client: Client, owner: Organisation, what: str, **query: Any) -> Any:
    with after_october():
        return client.get(f"{ADMIN}/organisations/{owner.pk}/analytics/{what}", query)


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(b"".join(answer).decode())))


def test_the_summary_stands_beside_as_many_days_before(acme: Organisation, other: Project, api: Client) -> None:
    found = ask(api, acme, "summary", start="2026-10-11", end="2026-10-13").json()
    assert (found["event_count"], found["costs"]) == (1, {"INR": "20.00"})
    assert found["previous"] == {
        "start": "2026-10-09",
        "end": "2026-10-11",
        "event_count": 1,
        "costs": {"INR": "50.00"},
    }
    assert (found["event_count_change"], found["cost_changes"]) == ("0.0", {"INR": "-60.0"})
    assert [(each["metric_name"], each["quantity"], each["costs"]) for each in found["metrics"]] == [
        ("api_calls", "4", {"INR": "20.00"})
    ]
    (month,) = found["months"]
    assert (month["period"], month["state"], month["costs"]) == ("2026-10", "so_far", {"INR": "70.00"})
    (row,) = rows_of(ask(api, acme, "summary", format="csv", **OCTOBER))
    assert (row["quantity"], row["cost"], row["currency"]) == ("14", "70.00", "INR")


@pytest.mark.parametrize(
    ("grain", "starts"),
    [("day", ["10", "11", "12"]), ("week", ["10", "12"]), ("month", ["10"])],
)
def test_trends_go_by_the_customers_days_and_by_weeks_from_monday(
    acme: Organisation, other: Project, api: Client, grain: str, starts: list[str]
) -> None:
    asked = {"start": "2026-10-10", "end": "2026-10-13", "group_by": grain}
    buckets = ask(api, acme, "trends", **asked).json()["buckets"]
    assert [each["start"] for each in buckets] == [f"2026-10-{day}" for day in starts]
    assert sum(each["event_count"] for each in buckets) == 2
    by_day = [(each["event_count"], each["costs"]) for each in buckets]
    assert by_day[0] == ((1, {"INR": "50.00"}) if len(starts) > 1 else (2, {"INR": "70.00"}))
    rows = rows_of(ask(api, acme, "trends", format="csv", project_id=other.pk, **asked))
    assert [(row["quantity"], row["cost"]) for row in rows] == [("4", "20.00")]


def test_levels_peaks_and_different_values_have_their_own_sums(
    acme: Organisation, project: Project, api: Client
) -> None:
    Metric.objects.create(name="peak", unit="x", aggregation="max")
    Metric.objects.create(name="users", unit="user", aggregation="unique", unique_property="id")
    Metric.objects.create(name="disk", unit="GB", aggregation="weighted_sum")
    for day, value in (("10", 9), ("11", 5)):
        used(project, value, on=f"2026-10-{day}", metric="peak", unit="x")
        used(project, 1, on=f"2026-10-{day}", metric="users", unit="user", id="a")
    used(project, 2, on="2026-10-10", metric="disk", unit="GB")
    asked = {"start": "2026-10-10", "end": "2026-10-12"}
    for grain, quantities in (
        ("day", [["24", "9", "1"], ["48", "5", "1"]]),
        ("week", [["72", "9", "1"]]),
    ):
        buckets = ask(api, acme, "trends", group_by=grain, **asked).json()["buckets"]
        assert [[each["quantity"] for each in bucket["metrics"]] for bucket in buckets] == quantities


def test_costs_are_the_invoices_by_project_and_dimension(acme: Organisation, other: Project, api: Client) -> None:
    invoice = issued(acme)
    found = ask(api, acme, "cost-breakdown", group_by="project", **OCTOBER).json()
    assert [(each["state"], each["number"]) for each in found["months"]] == [("invoiced", invoice.number)]
    assert found["totals"] == [{"currency": "INR", "amount": "70.00", "discount": "0.00", "cost": "70.00"}]
    assert [(row["project_name"], row["cost"]) for row in found["rows"]] == [("Main", "50.00"), ("Other", "20.00")]
    Metric.objects.filter(name="api_calls").update(dimensions=["region"])
    by_region = {"group_by": "dimension", "dimension": "region", "format": "csv"}
    by_value = rows_of(ask(api, acme, "cost-breakdown", **by_region, **OCTOBER))
    assert [(row["value"], row["cost"]) for row in by_value] == [("", "70.00")]  # it was no dimension then


def test_real_time_says_what_waits_and_until_when_all_is_counted(
    acme: Organisation, project: Project, api: Client
) -> None:
    used(project, 1, on="2026-10-10")
    body = b'{"events": [{"event_id": "w", "metric_name": "api_calls", "unit": "call", "metric_value": 1}]}'
    with at("2026-10-10 12:05"):
        accept_events(project=project, body=body, form=Form.BATCH)
    with at("2026-10-10 12:06"):
        found = api.get(f"{ADMIN}/organisations/{acme.pk}/analytics/realtime").json()
    assert (found["backlog"], found["lag_seconds"], found["counted_until"]) == (1, 60, "2026-10-10T06:35:00Z")
    assert [(each["accepted"], each["pending"]) for each in found["minutes"] if each["accepted"]] == [(1, 0), (1, 1)]
    assert found["metrics"] == [{"metric_name": "api_calls", "unit": "call", "this_hour": 1, "last_hour": 0}]


@pytest.mark.parametrize(
    ("what", "query", "field"),
    [
        ("summary", {"start": "2026-10-01"}, "end"),
        ("summary", {"start": "2026-10-02", "end": "2026-10-02"}, "end"),
        ("summary", {"start": "2026-01-01", "end": "2026-06-01"}, "end"),
        ("trends", {"group_by": "hour"}, "group_by"),
        ("trends", {"start": "2026-01-01", "end": "2026-06-01"}, "end"),
        ("trends", {"start": "2024-01-01", "end": "2026-06-01", "group_by": "month"}, "end"),
        ("cost-breakdown", {"start": "2024-01-01", "end": "2026-06-01"}, "end"),
        ("cost-breakdown", {"group_by": "dimension"}, "dimension"),
        ("cost-breakdown", {"dimension": "region"}, "dimension"),
        ("realtime", {"start": "2026-10-01"}, "start"),
        ("realtime", {"project_id": "x"}, "project_id"),
    ],
)
def test_odd_questions_are_refused_by_name(
    acme: Organisation, api: Client, what: str, query: dict[str, str], field: str
) -> None:
    answer = ask(api, acme, what, **query)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])


def test_another_customers_analytics_are_not_there(acme: Organisation, other: Project) -> None:
    stranger = key_of(factories.organisation("Globex"), "viewer")
    for what in ("summary", "trends", "cost-breakdown", "realtime"):
        assert ask(stranger, acme, what).status_code == 404
    own = key_of(acme, "viewer", "read")
    assert ask(own, acme, "summary", **OCTOBER).json()["costs"] == {"INR": "70.00"}
    foreign = factories.project(factories.organisation("Initech"))
    assert ask(own, acme, "summary", project_id=foreign.pk).status_code == 404
