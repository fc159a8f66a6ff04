"""Which event decided: of a metric that takes the greatest or the latest value, the one whose value was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from events.models import Metric, UsageCorrection, UsageEvent

_ORDER = {
    Metric.Aggregation.MAX: ("-quantity", "occurred_at", "received_at", "position"),
    Metric.Aggregation.LATEST: ("-occurred_at", "-received_at", "-position", "-quantity"),
}
"""Which event of a meter goes first; as metering takes them."""

MeterKey = tuple[UUID, tuple[tuple[str, str], ...]]


def deciding_events(
    events: QuerySet[UsageEvent], *, aggregation: str, quantities: Mapping[MeterKey, Decimal]
) -> frozenset[int]:
    """The ledger's ids of the events whose value became a meter's quantity; none of a metric that adds up.

    `quantities` are those of the meters. A meter whose quantity is no event's value, since an earlier month counted a
    part of it, has no such event.
    """
    order: Sequence[str] | None = _ORDER.get(Metric.Aggregation(aggregation))
    if order is None:
        return frozenset()
    cancelled = UsageCorrection.objects.filter(
        organisation=OuterRef("organisation"),
        project=OuterRef("project"),
        cancelled_event_id=OuterRef("event_id"),
        cancelled_received_month=OuterRef("received_month"),
        counted_in=OuterRef("counted_in"),
    )
    standing = events.exclude(kind=UsageEvent.Kind.REVERSAL).exclude(Exists(cancelled)).select_related(None)
    first = standing.order_by("project_id", "dimensions", *order).distinct("project_id", "dimensions")
    return frozenset(
        pk
        for pk, project_id, dimensions, quantity in first.values_list("pk", "project_id", "dimensions", "quantity")
        if quantities.get((project_id, tuple(sorted(dimensions.items())))) == quantity
    )
