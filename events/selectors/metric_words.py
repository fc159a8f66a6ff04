"""What metrics and their units are called in front of people: on invoices, on pages, in e-mails and in warnings.

A metric is known to programs by `name` and `unit`; people read its display name and the words for its unit. What an
organisation's own definition leaves blank is taken from the shared one, and in the end the name and the unit
themselves stand for the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from billing_platform.lib.quantities import quantity_text, unit_for
from events.models import Metric
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class MetricWords:
    """How one metric is called; `title` tells it from others where no unit stands beside it."""

    name: str
    title: str
    one: str
    many: str

    @classmethod
    def of(cls, metric: Metric) -> MetricWords:
        return cls.called(metric.name, metric.unit, metric)

    @classmethod
    def called(cls, name: str, unit: str, *definitions: Metric) -> MetricWords:
        """By the first definition that has each word."""

        def word(field: str, otherwise: str) -> str:
            return next((text for each in definitions if (text := getattr(each, field))), otherwise)

        display_name, one = word("display_name", ""), word("unit_name", unit)
        return cls(display_name or name, display_name or f"{name} ({unit})", one, word("unit_name_plural", one))

    def unit_for(self, quantity: Decimal | int) -> str:
        return unit_for(quantity, self.one, self.many)

    def quantity_text(self, quantity: Decimal | int) -> str:
        """`1 call`, `7,087,252 calls`."""
        return quantity_text(quantity, self.one, self.many)


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
