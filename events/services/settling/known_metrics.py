"""What settling must know about the organisations of a chunk: their time zones and their metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q

from billing_platform.lib.database.locks import LockSpace, advisory_lock
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
    # Another worker may be registering metrics too: the second one waits here, and then finds them registered.
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
