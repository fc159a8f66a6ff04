"""The words of tests that explore usage: a metric, usage of it, and the pages' addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from events.models import Metric
from organisations.models import Organisation, Project
from tests.events.language import event, send, settle

EXPLORER = "/admin/events/usageaggregate/"
LEDGER = "/admin/events/usageevent/"
DAY_ONE, DAY_TWO = "2026-10-05T06:00:00+00:00", "2026-10-06T06:00:00+00:00"
LATER = "2026-10-05T07:00:00+00:00"


def metric(organisation: Organisation, name: str, unit: str = "x", **fields: Any) -> Metric:
    return Metric.objects.create(organisation=organisation, name=name, unit=unit, **fields)


def use(project: Project, name: str, *values: tuple[str, Any], unit: str = "x", **metadata: Any) -> None:
    """Events as (when, value), all with the same metadata, received at the later of then and the last one's time."""
    received = max(datetime.fromisoformat(when) for when, _value in values)
    stem = f"{name}-{metadata}-{received.isoformat()}"
    events = [
        event(f"{stem}-{number}", value, metric_name=name, unit=unit, timestamp=when, metadata=metadata)
        for number, (when, value) in enumerate(values)
    ]
    send(project, *events, at=received)
    settle()


def october(**more: Any) -> dict[str, Any]:
    return {"from": "2026-10-01", "to": "2026-10-31"} | more


def drill_downs(html: str) -> list[str]:
    return [part.split('"')[0].replace("&amp;", "&") for part in html.split('href="') if part.startswith(LEDGER + "?")]
