"""How the usage of metrics is converted before it is priced, for many organisations at once."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from events.models import Metric
from events.usage.conversion import Conversion
from events.usage.metered import MetricKey
from organisations.models import Organisation

PLAIN = Q(multiplier=1, divisor=1, rounding=Metric.Rounding.NONE)
"""A definition that leaves the conversion out: an organisation's own takes it from the shared one, as it does words."""


def conversions_of(organisations: Collection[Organisation]) -> dict[UUID, dict[MetricKey, Conversion]]:
    """The conversions of each organisation's metrics, by its id, with one query; mostly none."""
    known = Metric.objects.filter(Q(organisation__in=organisations) | Q(organisation=None)).exclude(PLAIN)
    shared: dict[MetricKey, Conversion] = {}
    own: dict[UUID, dict[MetricKey, Conversion]] = {each.pk: {} for each in organisations}
    for metric in known.order_by("pk"):
        found = shared if metric.organisation_id is None else own[metric.organisation_id]
        found[metric.name, metric.unit] = conversion_of(metric)
    return {pk: shared | conversions for pk, conversions in own.items()}


def conversion_of(metric: Metric) -> Conversion:
    return Conversion(
        metric.multiplier,
        metric.divisor,
        metric.rounding,
        metric.rounding_places if metric.rounding != Metric.Rounding.NONE else 0,
        metric.billed_unit,
        metric.billed_unit_plural,
    )
