"""/health uses nothing else; /health/ready needs all that the platform needs; /metrics has numbers for Prometheus."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test.client import Client

from billing_platform.lib import clock
from billing_platform.observability import health
from billing_platform.tasks import HEARTBEAT_KEY, heartbeat
from events.models import EventBatch
from organisations.models import Project
from tests import factories

EVENT = {"event_id": "e-1", "metric_name": "api_calls", "metric_value": "1", "unit": "call"}


def _checks(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/health/ready")
    body = answer.json()
    assert body["status"] == ("ok" if answer.status_code == 200 else "unavailable")
    return answer.status_code, {name: outcome for name, outcome in body["checks"].items() if outcome != "ok"}


def test_health_uses_neither_database_nor_cache(settings: Any) -> None:
    """Without the `db` mark any query fails this test."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    answer = Client().get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_once_a_worker_has_run_what_beat_sent() -> None:
    assert _checks(Client()) == (503, {"beat": "no heartbeat yet"})
    heartbeat()
    assert _checks(Client()) == (200, {})


@pytest.mark.django_db
def test_not_ready_when_the_heartbeat_is_old() -> None:
    cache.set(HEARTBEAT_KEY, clock.now().timestamp() - 1000)
    status, problems = _checks(Client())
    assert status == 503
    assert problems["beat"] == "last heartbeat 1000 s ago"


@pytest.mark.django_db
def test_not_ready_when_usage_waits_too_long(project: Project, project_key: str) -> None:
    heartbeat()
    factories.client(project_key).post("/api/v1/events", EVENT, content_type="application/json")
    assert _checks(Client()) == (200, {})
    late = clock.now() - timedelta(seconds=health.BACKLOG_MAX_AGE + 5)
    if late.date() != clock.now().date():  # yesterday has no partition in the tests' database
        pytest.skip("within five minutes of midnight UTC")
    EventBatch.objects.update(received_at=late)
    status, problems = _checks(Client())
    assert (status, list(problems)) == (503, ["settling"])


@pytest.mark.django_db
def test_not_ready_without_the_cache_and_the_answer_names_no_addresses(settings: Any) -> None:
    heartbeat()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://:hunter2@127.0.0.1:1/0"}}
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["cache"] == "ConnectionError"
    assert "hunter2" not in answer.content.decode()


@pytest.mark.django_db
def test_not_ready_without_the_broker(no_broker: None) -> None:
    heartbeat()
    status, problems = _checks(Client())
    assert (status, list(problems)) == (503, ["broker"])


@pytest.mark.django_db
def test_metrics_count_waiting_rows_and_served_requests(project: Project, project_key: str) -> None:
    factories.client(project_key).post("/api/v1/events", EVENT, content_type="application/json")
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    lines = answer.content.decode().splitlines()
    assert "billing_settle_pending_batches 1.0" in lines
    assert "billing_settle_quarantined 0.0" in lines
    assert "billing_emails_pending 0.0" in lines
    assert 'billing_gateway_outage{account="rzp_test_sandbox0000001"} 0.0' in lines
    served = 'billing_http_requests_total{method="POST",route="api/v1/events",status="202"}'
    assert any(line.startswith(served) for line in lines)
    assert not [line for line in lines if str(project.pk) in line], "ids of tenants are no labels"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("caller", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "203.0.113.7"}, 403),
        ({"REMOTE_ADDR": "10.0.0.7"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}, 403),
    ],
)
def test_without_a_token_metrics_answer_only_on_the_machine_itself(caller: dict[str, str], status: int) -> None:
    assert Client().get("/metrics", **caller).status_code == status
