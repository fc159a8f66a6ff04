"""Why an event can't be counted, with a sentence for operators."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from events.models import DeadLetter, Metric
from events.models.metric import OPERATION, OPERATIONS
from events.services.settling.known_metrics import Tenant
from events.wire.packing import StoredEvent


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """An event that can't be counted, with the reason and a sentence for the operator."""

    event: StoredEvent
    reason: DeadLetter.Reason
    message: str


def why_dead(tenant: Tenant, event: StoredEvent, spoiled: str | None) -> DeadEvent:
    if spoiled is not None:
        return DeadEvent(event, DeadLetter.Reason.EVENT_UNSTORABLE, spoiled)
    metric = tenant.metrics.get((event.metric_name, event.unit))
    if metric is None and not tenant.strict:
        return DeadEvent(
            event,
            DeadLetter.Reason.METRIC_LIMIT,
            f"Usage registers at most {settings.EVENTS_MAX_METRICS:,} metrics of an organisation by itself. Define "
            f"{event.metric_name!r} in {event.unit!r} if it is meant, and replay; or edit the event, or discard it.",
        )
    if metric is None:
        return DeadEvent(
            event,
            DeadLetter.Reason.METRIC_UNKNOWN,
            f"No metric {event.metric_name!r} in {event.unit!r} is defined, and the organisation is strict.",
        )
    if metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
        return DeadEvent(
            event,
            DeadLetter.Reason.OPERATION_UNKNOWN,
            f"{event.metric_name} ({event.unit}) is a level: the metadata key {OPERATION!r} of an event is "
            f"{' or '.join(map(repr, OPERATIONS))}, or left out to add; this event has another value there.",
        )
    return DeadEvent(
        event,
        DeadLetter.Reason.VALUE_MISSING,
        f"{event.metric_name} ({event.unit}) counts the different values of {metric.unique_property!r}; "
        "the event's metadata has none.",
    )
