"""The pages of alert rules and alerts: the form with its preview, mute, test and acknowledge."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test.client import Client

from billing_platform.lib import clock
from events.models import Alert, AlertRule
from events.services.alerting import judging
from organisations.models import Notification, Organisation, Project
from tests.admin.bulk import confirmed
from tests.admin.test_object_actions import action_url, token
from tests.events.alerts.language import calls, use

RULES = "/admin/events/alertrule/"


@pytest.fixture
def form(acme: Organisation, project: Project) -> dict[str, Any]:
    """What a person types, with usage to show."""
    metric = calls()
    use(project, clock.now(), 60)
    return {
        "organisation": acme.pk,
        "name": "Month",
        "is_active": "on",
        "kind": "usage_threshold",
        "span": "month",
        "metric": metric.pk,
        "operator": "gte",
        "thresholds": "10 50",
        "step": "100",
        "cool_down_minutes": "0",
        "recipients": "ops@acme.example\nfinance@acme.example",
    }


def test_a_rule_is_made_with_a_preview_judged_muted_tested_and_acknowledged(
    form: dict[str, Any], as_admin: Client
) -> None:
    shown = as_admin.post(f"{RULES}preview/", form).content.decode()
    assert "It would have fired 1 time in the last 30 days." in shown
    assert "<circle" in shown
    assert "60 call" in shown
    assert as_admin.post(f"{RULES}add/", form).status_code == 302
    made = AlertRule.objects.get()
    assert (made.recipients, list(map(int, made.thresholds))) == (
        ["ops@acme.example", "finance@acme.example"],
        [10, 50],
    )
    judging.judge_due()
    listed = as_admin.get(RULES).content.decode()
    assert "at or above 10 call, 50 call, then at every 100 call" in listed
    assert "Firing" in listed
    page = as_admin.get(f"{RULES}{made.pk}/change/").content.decode()
    assert "api_calls (call): 60 call in" in page
    assert "10 50</textarea>" in page
    _confirm(as_admin, made, "send_test", {})
    assert Notification.objects.filter(kind="alert_test").count() == 1
    _confirm(as_admin, made, "mute", {"hours": "2", "reason": "A load test"})
    made.refresh_from_db()
    assert made.is_muted
    alert = Alert.objects.get(threshold=50)
    _confirm(as_admin, alert, "acknowledge", {})
    alert.refresh_from_db()
    assert alert.acknowledged_by == "admin"
    job = confirmed(as_admin, "/admin/events/alert/actions/acknowledge_many/")
    assert sorted(item.state for item in job.items.all()) == ["done", "skipped"]
    assert {each.acknowledged_by for each in Alert.objects.all()} == {"admin"}


def test_what_does_not_fit_is_said_at_its_field(form: dict[str, Any], as_admin: Client) -> None:
    for field, value, sentence in (
        ("span", "projected", "can&#x27;t look at that"),
        ("thresholds", "10 x", "with blanks between them"),
        ("recipients", "nobody", "is no e-mail address"),
        ("metric", "", "Usage is that of a metric"),
    ):
        answer = as_admin.post(f"{RULES}add/", form | {field: value})
        assert answer.status_code == 200, field
        assert sentence in answer.content.decode(), re.findall(r"errorlist.*?</ul>", answer.content.decode(), re.DOTALL)


def _confirm(client: Client, target: Any, action: str, answers: dict[str, str]) -> None:
    url = action_url(target, action)
    assert client.post(url, {**answers, "once": token(client, url)}).status_code == 302
