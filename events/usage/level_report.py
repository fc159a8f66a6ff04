"""Reports of `weighted_sum` metrics: what a level came to in the hours, days or months of a span, in unit-hours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod
from events.models import UsageLevel
from events.usage.level_integral import last_full_hour
from events.usage.questions import Span
from organisations.models import Organisation

_LEVEL_NUMBERS = query(__file__, "level_numbers")
_LEVELS_OF_SPAN = query(__file__, "levels_of_span")


def level_numbers(
    span: Span, parameters: dict[str, Any], starts: Sequence[datetime]
) -> list[tuple[datetime | None, int, str, Any, int]]:
    """The rows of numbers.sql, of buckets that begin at `starts`. `parameters` are those of numbers.sql."""
    buckets = {"starts": list(starts), "ends": [*starts[1:], span.end]}
    with connection.cursor() as cursor:
        cursor.execute(_LEVEL_NUMBERS, _before_and_until(span, parameters) | buckets)
        return list(cursor.fetchall())


def level_metrics(organisation: Organisation, wanted: Collection[UUID] | None) -> list[UUID]:
    """The organisation's metrics that are levels; of these ones, or of all (None)."""
    known = UsageLevel.objects.filter(organisation=organisation).order_by().values_list("metric_id", flat=True)
    return [pk for pk in known.distinct() if wanted is None or pk in wanted]


def used_levels(span: Span, parameters: dict[str, Any], metrics: list[UUID]) -> list[tuple[Any, ...]]:
    """The rows of used_metrics.sql for metrics that are levels: also those that nothing changed in the span."""
    if not metrics:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS_OF_SPAN, _before_and_until(span, parameters) | {"metrics": metrics})
        return list(cursor.fetchall())


def _before_and_until(span: Span, parameters: dict[str, Any]) -> dict[str, Any]:
    month = BillingPeriod.of(span.first)
    until = last_full_hour(clock.now(), span.organisation.zone)
    return parameters | {
        "month_used": month.start,
        "month_start": month.bounds(span.organisation.zone)[0],
        "until": until,
        "used_until": min(until, span.end),
    }
