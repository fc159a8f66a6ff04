"""What settling has to know of a chunk's organisations: their zones, metrics and open months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from organisations.models import Organisation

MetricKey = tuple[str, str]
"""Name and unit."""


@dataclass(frozen=True, slots=True)
class KnownMetric:
    id: UUID
    dimensions: tuple[str, ...]
    aggregation: str
    unique_property: str


@dataclass(slots=True)
class Tenant:
    """One organisation as settling sees it."""

    id: UUID
    zone: ZoneInfo
    strict: bool
    metrics: dict[MetricKey, KnownMetric] = field(default_factory=dict)


def load_tenants(organisation_ids: Iterable[UUID]) -> dict[UUID, Tenant]:
    return {
        organisation.pk: Tenant(organisation.pk, organisation.zone, organisation.strict_metrics)
        for organisation in Organisation.objects.filter(pk__in=set(organisation_ids))
    }


def load_metrics(tenants: dict[UUID, Tenant], wanted: dict[UUID, set[MetricKey]]) -> None:
    """Fill in the metrics that the events name; register what an open organisation doesn't know yet.

    Up to EVENTS_MAX_METRICS of them, in the order of their names; the others stay unknown.
    """
    read_metrics(tenants, wanted)
    learning = [organisation_id for organisation_id in sorted(wanted) if _unknown(tenants[organisation_id], wanted)]
    if not learning:
        return
    # Another worker may be registering others, or the same: whoever is second waits here and then sees them.
    advisory_lock(LockSpace.NEW_METRICS, *learning)
    read_metrics(tenants, wanted)
    room = room_for_metrics(learning)
    unknown = [
        Metric(organisation_id=organisation_id, name=name, unit=unit, registered_automatically=True)
        for organisation_id in learning
        for name, unit in _unknown(tenants[organisation_id], wanted)[: room[organisation_id]]
    ]
    Metric.objects.bulk_create(unknown, ignore_conflicts=True)
    read_metrics(tenants, wanted)


def room_for_metrics(organisation_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many more metrics usage may register for each organisation."""
    ids = set(organisation_ids)
    registered = Metric.objects.filter(organisation__in=ids, registered_automatically=True).order_by()
    counted = dict(registered.values_list("organisation_id").annotate(Count("pk")))
    return {pk: max(0, settings.EVENTS_MAX_METRICS - counted.get(pk, 0)) for pk in ids}


def _unknown(tenant: Tenant, wanted: dict[UUID, set[MetricKey]]) -> list[MetricKey]:
    """What usage would register, in order."""
    return [] if tenant.strict else sorted(wanted[tenant.id] - tenant.metrics.keys())


def read_metrics(tenants: dict[UUID, Tenant], wanted: dict[UUID, set[MetricKey]]) -> None:
    """Fill in those that the events name and that exist."""
    names = {name for keys in wanted.values() for name, _unit in keys}
    found = (
        Metric.objects.filter(Q(organisation__isnull=True) | Q(organisation__in=tenants), name__in=names)
        .order_by("organisation_id")  # nulls come last, and setdefault keeps an organisation's own
        .values_list("organisation_id", "name", "unit", "id", "dimensions", "aggregation", "unique_property")
    )
    for organisation_id, name, unit, metric_id, dimensions, aggregation, unique_property in found:
        metric = KnownMetric(metric_id, tuple(dimensions), aggregation, unique_property)
        for tenant_id in [organisation_id] if organisation_id else tenants:
            tenants[tenant_id].metrics.setdefault((name, unit), metric)


def lock_months(months: Iterable[tuple[UUID, date]]) -> dict[tuple[UUID, date], date]:
    """The billing month that usage of each (organisation, month) is counted in: its own, or the next open one.

    Every row that decides it stays locked FOR SHARE until commit, so that no month closes in between.
    """
    answer: dict[tuple[UUID, date], date] = {}
    waiting = {(organisation_id, month): month for organisation_id, month in months}
    while waiting:
        closed = _lock_rows({(organisation_id, month) for (organisation_id, _own), month in waiting.items()})
        for (organisation_id, own), month in list(waiting.items()):
            if closed[organisation_id, month]:
                waiting[organisation_id, own] = BillingPeriod.of(month).next().start
            else:
                answer[organisation_id, own] = month
                del waiting[organisation_id, own]
    return answer


def _lock_rows(months: set[tuple[UUID, date]]) -> dict[tuple[UUID, date], bool]:
    """Whether each month is closed. Rows are made where there are none: what isn't there can't be locked."""
    columns = list(zip(*sorted(months), strict=True))
    with connection.cursor() as cursor:
        closed = _select_for_share(cursor, columns)
        if len(closed) < len(months):
            cursor.execute(
                """
                INSERT INTO events_usageperiod
                    (id, created_at, updated_at, organisation_id, month, closed_by)
                SELECT gen_random_uuid(), now(), now(), organisation_id, month, ''
                FROM unnest(%s::uuid[], %s::date[]) AS wanted (organisation_id, month)
                ORDER BY organisation_id, month
                ON CONFLICT (organisation_id, month) DO NOTHING
                """,
                [list(column) for column in columns],
            )
            closed = _select_for_share(cursor, columns)
    return closed


def _select_for_share(cursor: object, columns: list[tuple[object, ...]]) -> dict[tuple[UUID, date], bool]:
    cursor.execute(  # type: ignore[attr-defined]
        """
        SELECT organisation_id, month, closed_at IS NOT NULL
        FROM events_usageperiod
        WHERE (organisation_id, month) IN (SELECT * FROM unnest(%s::uuid[], %s::date[]))
        ORDER BY organisation_id, month
        FOR SHARE
        """,
        [list(column) for column in columns],
    )
    rows = cursor.fetchall()  # type: ignore[attr-defined]
    return {(organisation_id, month): is_closed for organisation_id, month, is_closed in rows}
