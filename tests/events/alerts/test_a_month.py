"""A month told: traffic climbs, jumps, drops to zero and recovers. The right alerts, each once, whatever goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events import emails
from events.models import Alert, AlertRuleState
from organisations.models import Organisation, Project, WebhookMessage
from organisations.webhooks.endpoints import create_endpoint
from tests.events.alerts.language import at, calls, history, judge, mails, rule, use

LATE_MAIL = "11-12 Alert: api_calls (call): 245 call in November 2026, at or above 150 call"
DAYS = {**dict.fromkeys(range(1, 12), 3), 12: 318, 13: 3, 14: 0, 15: 0, 16: 3}

HISTORY = [
    "11-04 Month 10: 12, over 12-01",
    "11-10 Month 30: 30, over 12-01",
    "11-12 Month 50: 351, over 12-01",
    "11-12 Month 150: 351, over 12-01",
    "11-12 Month 250: 351, over 12-01",
    "11-12 Month 350: 351, over 12-01",
    "11-13 Jump 200: 10500, recovered 11-14",
    "11-15 Silence 0: 0, recovered 11-17",
]
MAILS = [
    "11-04 Alert: api_calls (call): 12 call in November 2026, at or above 10 call",
    "11-10 Alert: api_calls (call): 30 call in November 2026, at or above 30 call",
    "11-12 Alert: api_calls (call): 351 call in November 2026, at or above 350 call",
    "11-13 Alert: api_calls (call): 318 call on 12 Nov 2026, 10,500% more than the 3 call of the day before, "
    "at or above 200%",
    "11-14 Recovered: api_calls (call): 3 call on 13 Nov 2026, 99.06% less than the 318 call of the day before, "
    "not at or above 200% any more",
    "11-15 Alert: api_calls (call): 0 call on 14 Nov 2026, exactly 0 call",
    "11-17 Recovered: api_calls (call): 3 call on 16 Nov 2026, not exactly 0 call any more",
]


LATE = {
    "11-04 Month 10: 12": "11-04 Month 10: 11",
    "11-12 Month 50: 351": "11-12 Month 50: 245",
    "11-12 Month 150: 351": "11-12 Month 150: 245",
}
"""Where a third of the usage comes in the evening, and a second copy of the rest with it."""


@pytest.mark.parametrize("trouble", ["none", "duplicates, judged twice", "late events", "killed before each commit"])
def test_a_month(acme: Organisation, project: Project, trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls()
    create_endpoint(organisation=acme, url="https://hooks.example.com/")
    month = rule(acme, "Month", "usage_threshold", "month", 10, 30, 50, step=100)
    jump = rule(acme, "Jump", "usage_spike", "previous_day", 200)
    silence = rule(acme, "Silence", "usage_threshold", "day", 0, operator="eq")
    for each in (month, jump, silence):
        each.judged_since = each.state.due_at = at("11-01 00:00")
        each.save()
        each.state.save()

    def judged(text: str) -> None:
        if trouble.startswith("killed"):
            _die_half_way(text, monkeypatch)
        judge(at(text))
        if "twice" in trouble:
            AlertRuleState.objects.update(due_at=at(text))
            judge(at(text))

    for day in range(1, 18):
        noon, value = at(f"11-{day:02} 12:00"), DAYS.get(day, 0)
        early, late = (value * 2 // 3, value - value * 2 // 3) if trouble.startswith("late") else (value, 0)
        judged(f"11-{day:02} 00:06")
        if early:
            use(project, noon, early, times=2 if "duplicates" in trouble else 1)
        judged(f"11-{day:02} 12:10")
        if late:
            use(project, noon, early, late, received=noon + timedelta(hours=9))
        judged(f"11-{day:02} 21:10")
    assert Alert.objects.filter(rule=month, ended_at__isnull=True).count() == 6
    judged("12-01 00:06")

    expected, told = HISTORY, MAILS
    if trouble.startswith("late"):
        expected = [
            next((line.replace(was, now) for was, now in LATE.items() if was in line), line) for line in HISTORY
        ]
        told = [MAILS[0].replace("12 call", "11 call"), MAILS[1], LATE_MAIL, *MAILS[2:]]
    assert history(month, jump) == expected[:7]
    assert history(silence)[0] == expected[7]
    assert mails()[: len(told)] == told
    heard = WebhookMessage.objects.order_by("pk")
    assert Counter(heard.values_list("type", flat=True)) == {"alert.fired": 9, "alert.recovered": 2}
    assert {row.payload["sentence"] for row in heard} == set(Alert.objects.values_list("sentence", flat=True))


def _die_half_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is written but the commit."""
    with monkeypatch.context() as patched:
        for name in ("queue_alert", "queue_recovery"):
            patched.setattr(emails, name, _raise_after(getattr(emails, name)))
        try:
            judge(at(text))
        except SystemExit:
            return


def _raise_after(act: Callable[..., Any]) -> Callable[..., Any]:
    def killed(*arguments: Any, **named: Any) -> None:
        act(*arguments, **named)
        raise SystemExit

    return killed
