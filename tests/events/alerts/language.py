"""The words of tests of alerts: rules, days of usage, judging, and what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billing_platform.lib import clock
from events.models import Alert, AlertRule, Metric
from events.services.alerting import judging
from events.services.alerting.rules import add_rule
from events.services.settling import chunks
from organisations.models import Notification, Organisation, Project
from tests.events.language import event, send


def at(text: str) -> datetime:
    """A moment in India: "11-04 12:00" of 2026."""
    return datetime.fromisoformat(f"2026-{text}+05:30")


def calls(owner: Organisation | None = None, **fields: Any) -> Metric:
    found, _created = Metric.objects.get_or_create(organisation=owner, name="api_calls", unit="call", defaults=fields)
    return found


def rule(owner: Organisation, name: str, kind: str, span: str, *thresholds: Any, **fields: Any) -> AlertRule:
    if kind != "cost_threshold":
        fields.setdefault("metric", calls())
    values = [Decimal(str(threshold)) for threshold in thresholds]
    return add_rule(organisation=owner, name=name, kind=kind, span=span, thresholds=values, **fields)


def use(project: Project, moment: datetime, *values: Any, received: datetime | None = None, times: int = 1) -> None:
    """Events of one moment, each sent so many times, settled as soon as they are received."""
    received = received or moment
    events = [event(f"{moment:%d-%H%M}-{n}", v, timestamp=moment.isoformat()) for n, v in enumerate(values)]
    with clock.standing_at(received):
        for _time in range(times):
            send(project, *events, at=received)
        report = chunks.settle_pending()
        if report.organisations:
            judging.note_usage(organisations=report.organisations)


def judge(moment: datetime) -> int:
    with clock.standing_at(moment + timedelta(seconds=30)):
        return judging.judge_due()


def history(*rules: AlertRule) -> list[str]:
    """Every alert in the order of firing: when, whose, which threshold, the value, and how it ended."""
    rows = Alert.objects.filter(rule__in=rules) if rules else Alert.objects.all()
    return [
        f"{_local(row.fired_at)} {row.rule.name} {_short(row.threshold)}: {_short(row.value)}"
        + (f", {row.state} {_local(row.ended_at)}" if row.ended_at else f", {row.state}")
        for row in rows.select_related("rule").order_by("fired_at", "rule__name", "threshold")
    ]


def mails() -> list[str]:
    found = Notification.objects.filter(kind__startswith="alert").order_by("created_at", "subject")
    return [f"{_local(mail.created_at)} {mail.subject}" for mail in found]


def _local(moment: datetime) -> str:
    return f"{moment + timedelta(hours=5, minutes=30):%m-%d}"


def _short(number: Decimal) -> str:
    return f"{number.normalize():f}"
