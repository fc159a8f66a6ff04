"""The observer of usage: quantities of metrics in spans of time, for thousands of rules in two statements.

Usage belongs to the hour in which it happened, whichever month bills it, corrections included. Where a month was closed
before a maximum or a latest value in it was corrected, the alert has the number as of the closing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext

from billing_platform.lib.database.sql import query
from billing_platform.lib.number_formats import format_quantity
from events.alerts.judging import SPIKE, THRESHOLD, UNUSUAL, Reading, read
from events.alerts.windows import Window
from events.models import AlertRule, Metric
from events.services.alerting.observers import Asked, Observer
from events.usage.metered import MetricWords

_QUANTITIES = query(__file__, "quantities")
_DISTINCT_VALUES = query(__file__, "distinct_values")

_FURTHEST_CLOCK = timedelta(days=1)  # no zone is as far as that from another
_ZERO = Decimal(0)


class _Question(NamedTuple):
    """Rules that ask the same are answered once."""

    organisation_id: UUID
    project_id: UUID | None
    metric_id: UUID
    aggregation: str
    first: datetime
    after: datetime


def read_usage(asked: Sequence[Asked]) -> list[list[Reading]]:
    quantities = _quantities({question for each in asked for question in _questions(each)})

    def quantity(each: Asked, window: Window) -> Decimal:
        return quantities.get(_question(each, window), _ZERO)

    return [
        [
            read(
                each.rule.terms, look, quantity(each, look.period), [quantity(each, window) for window in look.compared]
            )
            for look in each.looks
        ]
        for each in asked
    ]


def _questions(asked: Asked) -> Iterator[_Question]:
    for look in asked.looks:
        yield from (_question(asked, window) for window in (look.period, *look.compared))


def _question(asked: Asked, window: Window) -> _Question:
    rule, after = asked.rule, min(window.end, asked.now)
    metric: Any = rule.metric
    return _Question(rule.organisation_id, rule.project_id, metric.pk, metric.aggregation, window.start, after)


def _quantities(questions: Iterable[_Question]) -> dict[_Question, Decimal]:
    found: dict[_Question, Decimal] = {}
    unique: list[_Question] = []
    other: list[_Question] = []
    for question in questions:
        (unique if question.aggregation == Metric.Aggregation.UNIQUE else other).append(question)
    for statement, those in ((_QUANTITIES, other), (_DISTINCT_VALUES, unique)):
        if not those:
            continue
        with connection.cursor() as cursor:
            cursor.execute(statement, _parameters(those))
            found.update((those[number], quantity) for number, quantity in cursor.fetchall())
    return found


def _parameters(questions: Sequence[_Question]) -> dict[str, Any]:
    names = ("organisations", "projects", "metrics", "sorts", "firsts", "afters")
    columns = zip(*questions, strict=True)
    first, after = min(each.first for each in questions), max(each.after for each in questions)
    return {
        "numbers": list(range(len(questions))),
        **{name: list(column) for name, column in zip(names, columns, strict=True)},
        "owners": list({each.organisation_id for each in questions}),
        "months": _months(first - _FURTHEST_CLOCK, after + _FURTHEST_CLOCK),
    }


def _months(first: datetime, after: datetime) -> list[date]:
    """No usage is billed before its month, and late usage in the open month: one of these, or the next."""
    day, months = first.date().replace(day=1), []
    while day <= (after + timedelta(days=31)).date():
        months.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return months


def subject(rule: AlertRule) -> str:
    words = MetricWords.of(_metric(rule))
    if rule.project is None:
        return words.title
    return gettext("%(metric)s of %(project)s") % {"metric": words.title, "project": rule.project.name}


def amount(rule: AlertRule, quantity: Decimal) -> str:
    words = MetricWords.of(_metric(rule))
    return format_quantity(quantity, words.one, words.many)


def _metric(rule: AlertRule) -> Any:
    return rule.metric


USAGE = Observer(frozenset({THRESHOLD, SPIKE, UNUSUAL}), read_usage, subject, amount)
