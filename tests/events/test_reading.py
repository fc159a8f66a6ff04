"""Clients, scripts and invoicing read usage, and nobody reads another organisation's usage."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext

from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work import waking
from events import tasks
from events.models import EventBatch, Metric
from events.selectors import status
from events.selectors.months import current_period
from events.selectors.status import _pending_status, event_status
from events.usage import recent
from events.usage.metering import usage_for
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import event, post, send, settle

pytestmark = pytest.mark.django_db


def test_the_life_of_an_event_can_be_followed(acme: Organisation, project: Project, project_key: str) -> None:
    client = factories.client(project_key)
    assert client.get("/api/v1/events/some/id").status_code == 404
    send(project, event("some/id", "2.5", timestamp=datetime.now(UTC).isoformat()))
    assert client.get("/api/v1/events/some/id").json()["status"] == "pending"
    settle()
    found = client.get("/api/v1/events/some/id").json()
    assert (found["status"], found["quantity"], found["metric_name"]) == ("counted", "2.50000000", "api_calls")
    assert found["is_late"] is False
    acme.strict_metrics = True
    acme.save()
    send(project, event("strange", unit="bunch"))
    settle()
    found = client.get("/api/v1/events/strange").json()
    assert (found["status"], found["reason"]) == ("dead_lettered", "METRIC_UNKNOWN")


def test_a_project_reads_its_own_usage_only(acme: Organisation, project: Project, project_key: str) -> None:
    Metric.objects.create(organisation=acme, name="visits", unit="visit", aggregation="count")
    sibling, stranger = factories.project(acme, "Sibling"), factories.project(factories.organisation("Initech"))
    send(project, event("a", "2"), event("b", "3"), event("c", "9", metric_name="visits", unit="visit"))
    for other in (sibling, stranger):
        send(other, event("secret", "100"))
    settle()
    client = factories.client(project_key)
    usage = client.get("/api/v1/usage").json()
    assert usage["period"] == str(current_period(acme))
    assert [(row["metric_name"], row["quantity"], row["event_count"]) for row in usage["usage"]] == [
        ("api_calls", "5.00000000", 2),
        ("visits", "1.00000000", 1),
    ]
    assert client.get("/api/v1/events/secret").status_code == 404


def test_a_back_office_key_reads_the_usage_of_its_organisations_only(
    acme: Organisation, project: Project, api: Client
) -> None:
    other = factories.organisation("Initech")
    send(project, event("a", "2"))
    settle()
    path = f"/api/v1/admin/organisations/{acme.pk}/usage"
    assert api.get(path).json()["usage"][0]["quantity"] == "2.00000000"
    assert api.get(path, {"period": "2026-01"}).json()["usage"] == []
    assert api.get(path, {"period": "January"}).status_code == 400
    assert api.get(path, {"project_id": str(factories.project(other).pk)}).status_code == 404
    limited = factories.client(factories.admin_key(factories.member("theirs", other, "admin")))
    assert limited.get(path).status_code == 404


def test_metrics_are_defined_once_and_seen_by_their_own(acme: Organisation, api: Client) -> None:
    body: dict[str, Any] = {"organisation": str(acme.pk), "name": "cpu", "unit": "second", "dimensions": ["region"]}
    created = api.post("/api/v1/admin/metrics", body, content_type="application/json")
    assert (created.status_code, created.json()["aggregation"]) == (201, "sum")
    again = api.post("/api/v1/admin/metrics", body, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "METRIC_EXISTS")
    bad = api.post(
        "/api/v1/admin/metrics", body | {"name": "x", "dimensions": "region"}, content_type="application/json"
    )
    assert bad.status_code == 400
    theirs = factories.client(
        factories.admin_key(factories.member("theirs", factories.organisation("Initech"), "admin"))
    )
    assert theirs.get("/api/v1/admin/metrics").json()["count"] == 0
    assert (
        theirs.post("/api/v1/admin/metrics", body | {"name": "y"}, content_type="application/json").status_code == 404
    )
    shared = theirs.post("/api/v1/admin/metrics", {"name": "z", "unit": "u"}, content_type="application/json")
    assert shared.status_code == 403


def test_a_metric_that_usage_registered_can_be_completed(acme: Organisation, project: Project, api: Client) -> None:
    send(project, event("a"))
    settle()
    body = {"organisation": str(acme.pk), "name": "api_calls", "unit": "call", "dimensions": ["region"]}
    assert api.post("/api/v1/admin/metrics", body, content_type="application/json").status_code == 201
    metric = Metric.objects.get(name="api_calls")
    assert (metric.dimensions, metric.registered_automatically) == (["region"], False)


def test_usage_is_split_by_local_day_and_dimensions_for_pricing(acme: Organisation, project: Project) -> None:
    Metric.objects.create(organisation=acme, name="api_calls", unit="call", dimensions=["region"])
    send(
        project,
        event("a", "1", timestamp="2026-11-10T18:29:59Z", metadata={"region": "in"}),
        event("b", "2", timestamp="2026-11-10T18:30:00Z", metadata={"region": "in"}),
        event("c", "4", timestamp="2026-11-11T00:00:00Z", metadata={"region": "us"}),
        event("d", "8", timestamp="2026-11-11T05:00:00Z", metadata={"region": "in"}),
    )
    settle()
    rows = usage_for(organisation=acme, period=BillingPeriod.parse("2026-11"))
    assert [(row.dimensions, str(row.day), row.quantity, row.event_count) for row in rows] == [
        ((("region", "in"),), "2026-11-10", Decimal(1), 1),
        ((("region", "in"),), "2026-11-11", Decimal(10), 2),
        ((("region", "us"),), "2026-11-11", Decimal(4), 1),
    ]


def test_daily_usage_has_every_day_and_only_ones_own(acme: Organisation, project: Project, viewer: Any) -> None:
    send(project, event("a"), event("b"))
    send(factories.project(factories.organisation("Initech")), event("secret"))
    settle()
    days = recent.daily_usage(actor=viewer, days=30)
    assert len(days) == 30
    assert sum(day.event_count for day in days) == 2


def test_waking_is_rare_and_settling_looks_a_last_time(
    project: Project, project_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(waking.current_app, "send_task", lambda *_args, **_options: woken.append(1))
    monkeypatch.setattr(tasks.settling, "quiet_until", 0.0)
    for number in range(20):
        assert post(project_key, event(str(number))).status_code == 202
    assert len(woken) == 1
    assert tasks.settle_pending()["counted"] == 20
    assert not EventBatch.objects.exclude(status="settled").exists()
    monkeypatch.setattr(tasks.settling, "quiet_until", 0.0)
    post(project_key, event("next"))
    assert len(woken) == 2


def test_the_hot_path_is_in_the_openapi_document(client: Client) -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    for path in ("/api/v1/events", "/api/v1/events/batch"):
        operation = paths[path]["post"]
        assert {status for status in operation["responses"] if status < "400"} == {"202"}
        assert "requestBody" in operation


def test_an_event_that_is_settled_while_one_looks_is_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not counted yet at the first look, not pending any more at the second: still not one that never came."""
    pending_status = _pending_status

    def settled_in_between(*args: Any) -> Any:
        settle()
        return pending_status(*args)

    send(project, event("swift"))
    monkeypatch.setattr(status, "_pending_status", settled_in_between)
    found = event_status(project=project, event_id="swift")
    assert found is not None
    assert found.status == "counted"


def test_looking_for_a_pending_event_holds_one_payload_at_a_time(
    project: Project,
) -> None:
    """A backlog may be thousands of requests of megabytes each."""
    for number in range(3):
        send(project, event(f"event-{number}"))
    with CaptureQueriesContext(connection) as asked:
        assert event_status(project=project, event_id="event-2") is not None
    bringing = [query["sql"] for query in asked if '"events_eventbatch"."packed_events"' in query["sql"]]
    assert len(bringing) == 3
    assert all("LIMIT 1" in sql for sql in bringing)


@pytest.mark.parametrize(("limit", "value"), [("LOOKING_SECONDS", 0), ("BATCHES_LOOKED_INTO", 1)])
def test_looking_for_an_event_gives_up_when_too_much_waits(
    project: Project, project_key: str, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    client = factories.client(project_key)
    send(project, event("counted"))
    settle()
    monkeypatch.setattr(status, limit, value)
    assert client.get("/api/v1/events/unknown").status_code == 404, "nothing waits"
    send(project, event("first"))
    send(project, event("second"))
    answer = client.get("/api/v1/events/unknown")
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert answer.json()["error"].startswith("Too much of this project waits to be counted")
    assert client.get("/api/v1/events/counted").json()["status"] == "counted"
