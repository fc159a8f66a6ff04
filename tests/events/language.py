"""Helpers for tests of events: make an event, send a request, settle, and compare with a naive model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.test.client import Client

from billing_platform.lib import clock
from events.models import EventBatch, UsageAggregate, UsageEvent
from events.services.accepting import Accepted, Form, accept_events
from events.services.partitions import ensure_partitions
from events.services.settling import chunks
from events.services.settling.chunks import SettleReport
from organisations.models import Organisation, Project
from tests import factories

Total = tuple[Decimal, int]


def event(event_id: str, value: Any = "1", **fields: Any) -> dict[str, Any]:
    """One API call."""
    return {"event_id": event_id, "metric_name": "api_calls", "metric_value": value, "unit": "call"} | fields


def post(key: str, *events: dict[str, Any], path: str = "/api/v1/events/batch", **extra: Any) -> Any:
    return factories.client(key).post(path, {"events": list(events)}, content_type="application/json", **extra)


def post_raw(key: str, body: bytes | str, path: str = "/api/v1/events/batch", **extra: Any) -> Any:
    content_type = extra.pop("content_type", "application/json")
    return Client(HTTP_AUTHORIZATION=f"Bearer {key}").post(path, body, content_type=content_type, **extra)


def send(project: Project, *events: dict[str, Any], at: datetime | None = None) -> Accepted:
    """Accept without HTTP; `at` is when it was received."""
    accepted = accept_events(project=project, body=msgspec.json.encode({"events": events}), form=Form.BATCH)
    if at is not None:
        move(accepted, at)
    return accepted


def move(accepted: Accepted, at: datetime) -> None:
    """Make a batch one that was received at another time."""
    ensure_partitions(at=at)
    EventBatch.objects.filter(pk=accepted.batch_id).update(received_at=at)


def settle() -> SettleReport:
    return chunks.settle_pending()


def total(organisation: Organisation, metric: str = "api_calls") -> Decimal:
    """Everything ever aggregated of a metric."""
    rows = UsageAggregate.objects.filter(organisation=organisation, metric__name=metric)
    return sum((row.total for row in rows), Decimal(0))


def counted(organisation: Organisation) -> list[str]:
    """Ids in the ledger, sorted."""
    return sorted(UsageEvent.objects.filter(organisation=organisation).values_list("event_id", flat=True))


def batch_of(accepted: Accepted) -> EventBatch:
    found: EventBatch = EventBatch.objects.get(pk=accepted.batch_id)
    return found


def aggregates(organisation: Organisation) -> dict[tuple[Any, ...], Total]:
    """The aggregates as a plain dictionary, to compare row for row."""
    rows = UsageAggregate.objects.filter(organisation=organisation)
    return {
        (row.project_id, row.metric_id, tuple(sorted(row.dimensions.items())), row.hour, row.counted_in): (
            row.total,
            row.event_count,
        )
        for row in rows
    }


def fold(ledger: Iterable[UsageEvent]) -> dict[tuple[Any, ...], Total]:
    """The ledger added up the naive way."""
    totals: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [Decimal(0), 0])
    for row in ledger:
        key = (row.project_id, row.metric_id, tuple(sorted(row.dimensions.items())), row.hour, row.counted_in)
        totals[key][0] += row.quantity
        totals[key][1] += 1
    return {key: (value, count) for key, (value, count) in totals.items()}


def now() -> datetime:
    return clock.now()
