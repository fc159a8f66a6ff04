"""Code that scenarios run inside the platform instead of over HTTP: named in `inside(…)`, run by `manage`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine

from events.models import DeadLetter, Metric
from events.services import dead_letters
from events.services.accepting import accept_events
from events.services.settling.chunks import settle_pending
from organisations.models import Project
from tests import factories


def inside(function: Callable[..., object], *arguments: object) -> list[str]:
    """The arguments of `manage` that call a function of this module and print its answer."""
    call = f"{function.__name__}({', '.join(map(repr, arguments))})"
    return ["shell", "-v", "0", "-c", f"from {__name__} import {function.__name__}; print({call})"]


def create_tenant(metrics: dict[str, str], dimension: str, unique_property: str) -> str:
    """A strict organisation with these metrics (name → aggregation) and a project; the project's key."""
    organisation = factories.organisation("Crash", strict_metrics=True)
    for name, aggregation in metrics.items():
        Metric.objects.create(
            organisation=organisation,
            name=name,
            unit="unit",
            aggregation=aggregation,
            dimensions=[dimension],
            unique_property=unique_property if aggregation == Metric.Aggregation.UNIQUE else "",
        )
    return factories.project_key(factories.project(organisation))


def replay_all(organisation_id: str) -> int:
    """Replay the open dead letters of an organisation; how many."""
    letters = DeadLetter.objects.filter(organisation_id=organisation_id, status=DeadLetter.Status.OPEN)
    return dead_letters.replay(letter_ids=list(letters.values_list("pk", flat=True)), by="scenario").done


def report_days_ago(project_id: str, days: int, count: int) -> str:
    """Accept and settle events as if it were so many days ago; that day."""
    moment = datetime.now(UTC) - timedelta(days=days)
    events = [
        {"event_id": f"old-{number}", "metric_name": "calls", "metric_value": "1", "unit": "call"}
        for number in range(count)
    ]
    with time_machine.travel(moment):
        accept_events(project=Project.objects.get(pk=project_id), body=json.dumps({"events": events}).encode())
        settle_pending()
    return str(moment.date())
