"""The first events of a month, one by one: what prices look at that let some of them go free."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.usage.metered import MeteredEvent, MetricKey, dimensions_of
from events.usage.metering import Asked, Questions
from organisations.models import Organisation

_FIRST_EVENTS = query(__file__, "first_events")

_CLOCKS_DIFFER = timedelta(days=2)
"""An event may be received before it happened: clocks differ, and so do calendars around the globe."""

FirstEvents = dict[MetricKey, tuple[MeteredEvent, ...]]
"""Of each metric, in the order in which they happened."""


def first_events(asked: Sequence[Asked], wanted: Sequence[Mapping[MetricKey, int]]) -> list[FirstEvents]:
    """The answers, in the order of the questions: of each wanted metric, the first events of each meter in the order in
    which they happened, at most as many as are wanted. Each question names a month.

    A metric that does not add up its values is not in the answer: its events have no amount each. One query answers
    all, and only if something is wanted.
    """
    found: list[dict[MetricKey, list[MeteredEvent]]] = [{} for _question in asked]
    if any(wanted):
        summed = _summed({metric for each in wanted for metric in each})
        for of_question, each, metrics in zip(found, asked, wanted, strict=True):
            of_question.update((metric, []) for metric in metrics if summed(each.organisation, metric))
        for number, project_id, name, unit, dimensions, day, quantity in _rows(asked, wanted):
            if (name, unit) in found[number]:
                meter = project_id, name, unit, dimensions_of(dimensions)
                found[number][name, unit].append(MeteredEvent(meter, day, quantity))
    return [{metric: tuple(events) for metric, events in each.items()} for each in found]


def _summed(metrics: Collection[MetricKey]) -> Callable[[Organisation, MetricKey], bool]:
    """Whether a metric adds up its values for an organisation: its own metric of a name and unit before the shared."""
    known = Metric.objects.filter(name__in={name for name, _unit in metrics})
    found = {(each.organisation_id, each.name, each.unit): each.aggregation for each in known}

    def is_summed(organisation: Organisation, metric: MetricKey) -> bool:
        own = found.get((organisation.pk, *metric))
        return (own or found.get((None, *metric))) == Metric.Aggregation.SUM

    return is_summed


def _rows(asked: Sequence[Asked], wanted: Sequence[Mapping[MetricKey, int]]) -> list[tuple[Any, ...]]:
    rows = [(number, *metric, most) for number, each in enumerate(wanted) for metric, most in each.items()]
    bounds = [each.month.bounds(each.organisation.zone) for each in asked if each.month is not None]
    since = min(first for first, _after in bounds)
    columns = zip(("wanted", "names", "units", "most"), map(list, zip(*rows, strict=True)), strict=True)
    parameters = Questions(asked, None).parameters | dict(columns)
    parameters["since"], parameters["until"] = since, max(after for _first, after in bounds)
    parameters["received_from"] = BillingPeriod.of((since - _CLOCKS_DIFFER).date()).start
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_EVENTS, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
