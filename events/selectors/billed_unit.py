"""In which unit a metric is billed: that of its usage, or what its conversion makes of it."""

from __future__ import annotations

from django.db.models import Q

from events.models import Metric
from events.selectors.conversions import PLAIN, conversion_of
from events.selectors.metric_words import WordBook
from organisations.models import Organisation


def billed_unit_of(organisation: Organisation | None, metric_name: str, unit: str) -> str:
    """The word for one of what is billed: "GiB", "call", or "GB-hour" of a level. Empty if the metric is not known."""
    known = Metric.objects.filter(name=metric_name, unit=unit)
    found = list(known.filter(Q(organisation=organisation) | Q(organisation=None)).order_by("organisation"))
    if not found:
        return ""
    words = WordBook(organisation).words(metric_name, unit).counted_by(found[0].aggregation)
    converting = known.filter(pk__in=[each.pk for each in found]).exclude(PLAIN).order_by("organisation").first()
    return (conversion_of(converting).billed_words(words) if converting is not None else words).one
