"""Months and the usage in them: which are open, and who used something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod
from events.models import (
    UsageAggregate,
    UsagePeriod,
)
from events.usage.metering import usage_for
from organisations.models import Organisation, Project

_MONTHS_WITH_LEVEL = query(__file__, "months_with_level")


@dataclass(frozen=True, slots=True)
class MetricUsage:
    """One metric's usage of one project, all dimensions and days together."""

    project_id: UUID
    project_name: str
    metric_name: str
    unit: str
    aggregation: str
    quantity: Decimal
    event_count: int


def usage_by_metric(
    *, organisation: Organisation, period: BillingPeriod, project: Project | None = None
) -> tuple[MetricUsage, ...]:
    """A period's usage by project and metric: what its invoice would charge for."""
    totals: dict[tuple[UUID, str, str], MetricUsage] = {}
    for row in usage_for(organisation=organisation, period=period, project=project):
        key = (row.project_id, row.metric_name, row.unit)
        before = totals.get(key)
        totals[key] = MetricUsage(
            row.project_id,
            row.project_name,
            row.metric_name,
            row.unit,
            row.aggregation,
            row.quantity + (before.quantity if before else 0),
            row.event_count + (before.event_count if before else 0),
        )
    return tuple(totals.values())


def current_period(organisation: Organisation) -> BillingPeriod:
    """The calendar month it is now where the organisation is."""
    return BillingPeriod.containing(clock.now(), organisation.zone)


def has_usage(*, organisation: Organisation) -> bool:
    """Whether anything was ever counted for it."""
    return UsagePeriod.objects.filter(organisation=organisation).exists()


def organisations_with_usage(*, period: BillingPeriod) -> set[UUID]:
    """Ids of those for whom something was counted in a billing period, or that carry a level into it; test usage
    aside."""
    periods = UsagePeriod.objects.filter(month=period.start)
    found = _with_live_usage(periods) + _with_level(month=period.start, before=period.end)
    return {organisation_id for organisation_id, _month in found}


def open_months(*, before: date) -> list[tuple[UUID, date]]:
    """Organisation and first day of the months before a day's that have seen live usage and are not closed. A level
    that is carried over is usage of a month without any event."""
    still_open = UsagePeriod.objects.filter(closed_at__isnull=True, month__lt=before.replace(day=1))
    found = {*_with_live_usage(still_open), *_with_level(month=None, before=before.replace(day=1))}
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def _with_level(*, month: date | None, before: date) -> list[tuple[UUID, date]]:
    """Organisation and month where a level is carried into that month, or into any that begins before a day and is not
    closed."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS_WITH_LEVEL, {"month": month, "before": before})
        return list(cursor.fetchall())


def _with_live_usage(periods: QuerySet[UsagePeriod]) -> list[tuple[UUID, date]]:
    """Organisation and month of the periods with live usage. Usage is looked up only where there are test projects."""
    found = list(periods.order_by("month", "organisation_id").values_list("organisation_id", "month"))
    owners = {organisation_id for organisation_id, _month in found}
    testing = set(
        Project.objects.filter(organisation__in=owners, mode=Project.Mode.TEST)
        .order_by()
        .values_list("organisation_id", flat=True)
    )
    if not testing:
        return found
    live = Project.objects.filter(organisation__in=testing, mode=Project.Mode.LIVE)
    used = set(
        UsageAggregate.objects.filter(
            organisation__in=testing,
            project__in=list(live.values_list("pk", flat=True)),
            counted_in__in={month for _organisation_id, month in found},
        )
        .order_by()
        .values_list("organisation_id", "counted_in")
        .distinct()
    )
    return [pair for pair in found if pair[0] not in testing or pair in used]
