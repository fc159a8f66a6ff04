"""What an invoice line asks about the usage behind it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, Sum

from events.models import Metric, UsageAggregate
from organisations.models import Organisation, Project


def metric_named(*, organisation: Organisation, name: str, unit: str) -> Metric | None:
    """The metric of that name that the organisation's usage counts for: its own before a global one."""
    found: Metric | None = (
        Metric.objects.filter(Q(organisation=organisation) | Q(organisation=None), name=name, unit=unit)
        .order_by("organisation__name")  # PostgreSQL sorts NULL last
        .first()
    )
    return found


def events_counted(
    *,
    organisation: Organisation,
    metric: Metric,
    start: datetime,
    end: datetime,
    counted_in: date | None,
    project_id: UUID | None = None,
    dimensions: dict[str, str] | None = None,
) -> int:
    """How many live events happened in `[start, end)` and were counted in the month that begins on `counted_in`."""
    rows = UsageAggregate.objects.filter(organisation=organisation, metric=metric, hour__gte=start, hour__lt=end)
    if counted_in is not None:
        rows = rows.filter(counted_in=counted_in)
    if project_id is not None:
        rows = rows.filter(project_id=project_id)
    else:
        rows = rows.filter(project__mode=Project.Mode.LIVE)
    if dimensions:
        rows = rows.filter(dimensions__contains=dimensions)
    return rows.aggregate(events=Sum("event_count"))["events"] or 0
