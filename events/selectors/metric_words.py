"""What metrics and their units are called in front of people: on invoices, on pages, in e-mails and in warnings.

A metric is known to programs by `name` and `unit`; people read its display name and the words for its unit. What an
organisation's own definition leaves blank is taken from the shared one, and in the end the name and the unit
themselves stand for the words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q

from events.models import Metric
from events.usage.metered import MetricKey, MetricWords
from organisations.models import Organisation

BLANK = Q(display_name="", unit_name="", unit_name_plural="")
"""A definition without words of its own."""


class WordBook:
    """The words of all metrics that an organisation knows, or of those that all share, by name and unit; read once."""

    def __init__(self, organisation: Organisation | None, *, known: Iterable[Metric] | None = None) -> None:
        """`known` are the definitions, the organisation's own before the shared ones, if they are read already."""
        self._definitions: dict[MetricKey, list[Metric]] = {}
        for metric in _worded(Q(organisation=organisation)) if known is None else known:
            self._definitions.setdefault((metric.name, metric.unit), []).append(metric)

    def words(self, name: str, unit: str) -> MetricWords:
        return MetricWords.called(name, unit, *self._definitions.get((name, unit), ()))


def word_books(
    organisations: Collection[Organisation], *, known: Iterable[Metric] | None = None
) -> dict[UUID, WordBook]:
    """The book of each organisation, by its id, with one query for all; with none where the definitions are `known`."""
    by_owner: defaultdict[UUID | None, list[Metric]] = defaultdict(list)
    for metric in _worded(Q(organisation__in=organisations)) if known is None else known:
        by_owner[metric.organisation_id].append(metric)
    return {each.pk: WordBook(each, known=[*by_owner[each.pk], *by_owner[None]]) for each in organisations}


def _worded(owned: Q) -> list[Metric]:
    """Definitions that have words of their own, with the shared ones; those of an organisation go first."""
    known = Metric.objects.filter(owned | Q(organisation__isnull=True)).exclude(BLANK)
    return list(known.order_by("organisation_id"))  # nulls come last
