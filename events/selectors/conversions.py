"""How the usage of metrics is converted before it is priced, for many organisations at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from events.models import Metric
from events.selectors.metric_words import BLANK, WordBook, word_books
from events.usage.conversion import Conversion
from events.usage.metered import MetricKey
from organisations.models import Organisation

PLAIN = Q(multiplier=1, divisor=1, rounding=Metric.Rounding.NONE)
"""A definition that leaves the conversion out: an organisation's own takes it from the shared one, as it does words."""


def conversions_of(
    organisations: Collection[Organisation], *, known: Iterable[Metric] | None = None
) -> dict[UUID, dict[MetricKey, Conversion]]:
    """The conversions of each organisation's metrics, by its id, with one query; mostly none. With no query where the
    definitions are `known`."""
    if known is None:
        known = _of(organisations).exclude(PLAIN)
    shared: dict[MetricKey, Conversion] = {}
    own: dict[UUID, dict[MetricKey, Conversion]] = {each.pk: {} for each in organisations}
    for metric in known:
        if not _is_plain(metric):
            found = shared if metric.organisation_id is None else own[metric.organisation_id]
            found[metric.name, metric.unit] = conversion_of(metric)
    return {pk: shared | conversions for pk, conversions in own.items()}


def words_and_conversions(
    organisations: Collection[Organisation],
) -> tuple[dict[UUID, WordBook], dict[UUID, dict[MetricKey, Conversion]]]:
    """`word_books` and `conversions_of`, with one query for both."""
    known = list(_of(organisations).exclude(PLAIN & BLANK))
    return word_books(organisations, known=known), conversions_of(organisations, known=known)


def _of(organisations: Collection[Organisation]) -> QuerySet[Metric]:
    return Metric.objects.filter(Q(organisation__in=organisations) | Q(organisation=None)).order_by()


def _is_plain(metric: Metric) -> bool:
    return metric.multiplier == metric.divisor == 1 and metric.rounding == Metric.Rounding.NONE


def conversion_of(metric: Metric) -> Conversion:
    return Conversion(
        metric.multiplier,
        metric.divisor,
        metric.rounding,
        metric.rounding_places if metric.rounding != Metric.Rounding.NONE else 0,
        metric.billed_unit,
        metric.billed_unit_plural,
    )
