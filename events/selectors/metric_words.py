"""What metrics and their units are called in front of people: on invoices, on pages, in e-mails and in warnings.

A metric is known to programs by `name` and `unit`; people read its display name and the words for its unit. What an
organisation's own definition leaves blank is taken from the shared one, and in the end the name and the unit
themselves stand for the words.
"""

from __future__ import annotations

from django.db.models import Q

from events.models import Metric
from events.usage.metered import MetricWords
from organisations.models import Organisation


class WordBook:
    """The words of all metrics that an organisation knows, or of those that all share, by name and unit; read once."""

    def __init__(self, organisation: Organisation | None) -> None:
        blank = Q(display_name="", unit_name="", unit_name_plural="")
        known = Metric.objects.filter(Q(organisation=organisation) | Q(organisation__isnull=True)).exclude(blank)
        self._definitions: dict[tuple[str, str], list[Metric]] = {}
        for metric in known.order_by("organisation_id"):  # nulls come last: the organisation's own words go first
            self._definitions.setdefault((metric.name, metric.unit), []).append(metric)

    def words(self, name: str, unit: str) -> MetricWords:
        return MetricWords.called(name, unit, *self._definitions.get((name, unit), ()))
