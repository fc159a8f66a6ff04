"""Events of the last days, of the live projects of many customers at once.

A day is each customer's own, in the customer's time zone, as in the usage explorer and on invoices: so the numbers here
are the sums of what the explorer shows for "Last 30 days", customer by customer. Bars stand side by side by how many
days ago they were, and today is today where the customer is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.periods import start_of_day
from billing_platform.lib.slow_answers import remembered
from events.models import Metric
from organisations.models import Organisation
from organisations.operators_clock import operators_today, operators_zone
from organisations.scoping import Actor, reaches_every_organisation

DAYS = 30
T = TypeVar("T")
_FURTHEST_CLOCK = timedelta(days=1)  # no zone is as far as that from another

_RECENT_DAYS = query(__file__, "recent_days")
_RECENT_CUSTOMERS = query(__file__, "recent_customers")
_RECENT_METRICS = query(__file__, "recent_metrics")


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """Events of one day; `day` is what the operators call it."""

    day: date
    event_count: int


def daily_usage(*, actor: Actor, days: int = DAYS) -> tuple[DailyUsage, ...]:
    """Counted events per day of what an actor may see, today last, days without usage included. Like the other answers
    here, it is remembered where it took long."""
    return _remembered("daily", actor, days, lambda: _daily_usage(actor, days))


def _daily_usage(actor: Actor, days: int) -> tuple[DailyUsage, ...]:
    counted, today = _sums(_RECENT_DAYS, actor, days), operators_today()
    return tuple(
        DailyUsage(today - timedelta(days=days_ago), counted.get(days_ago, 0)) for days_ago in reversed(range(days))
    )


def events_by_customer(*, actor: Actor, days: int = DAYS) -> dict[UUID, int]:
    """Counted events of the last days, of each customer that an actor may see and that used anything."""
    return _remembered("customers", actor, days, lambda: _sums(_RECENT_CUSTOMERS, actor, days))


@dataclass(frozen=True, slots=True)
class MetricEvents:
    """Events of one metric in the last days, and in as many days before."""

    name: str
    unit: str
    events: int
    before: int


def events_by_metric(*, actor: Actor, days: int = DAYS) -> tuple[MetricEvents, ...]:
    """Of all that an actor may see, the most used first; metrics of the same name and unit together. Days are the
    operators'."""
    return _remembered("metrics", actor, days, lambda: _events_by_metric(actor, days))


def events_by_metric_of(organisation: Organisation, *, days: int = DAYS) -> tuple[MetricEvents, ...]:
    """Of one customer, in the same order."""
    return _metrics_of([organisation.pk], days)


def _events_by_metric(actor: Actor, days: int) -> tuple[MetricEvents, ...]:
    customers = Organisation.objects.for_organisations(actor).real().order_by().values_list("pk", flat=True)
    return _metrics_of(list(customers), days)


def _metrics_of(customers: list[UUID], days: int) -> tuple[MetricEvents, ...]:
    today = operators_today()
    since, before = (start_of_day(today - timedelta(days=back), operators_zone()) for back in (days - 1, 2 * days - 1))
    parameters: dict[str, Any] = {
        "customers": customers,
        "since": since,
        "before": before,
        "month": (before - _FURTHEST_CLOCK).date().replace(day=1),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECENT_METRICS, parameters)
        counted = {metric: (now, past) for metric, now, past in cursor.fetchall()}
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for metric in Metric.objects.filter(pk__in=counted).only("name", "unit"):
        for place, events in enumerate(counted[metric.pk]):
            sums[metric.name, metric.unit][place] += events
    found = [MetricEvents(*key, *both) for key, both in sums.items()]
    return tuple(sorted(found, key=lambda row: (-row.events, -row.before, row.name, row.unit)))


def _remembered(question: str, actor: Actor, days: int, ask: Callable[[], T]) -> T:
    """Of all customers the answer is the same for everybody who reaches them. Of a few it never takes long."""
    if not reaches_every_organisation(actor):
        return ask()
    return remembered(f"recent-usage:{question}:{days}:{operators_today()}", ask, old_too=True)


def _sums(statement: str, actor: Actor, days: int) -> dict[Any, int]:
    """Events by the first column of a statement."""
    customers, now = Organisation.objects.for_organisations(actor).real(), clock.now()
    since = now - timedelta(days=days) - _FURTHEST_CLOCK
    parameters: dict[str, Any] = {
        "now": now,
        "since": since,
        "month": (since - _FURTHEST_CLOCK).date().replace(day=1),
        "days": days,
        "customers": list(customers.order_by().values_list("pk", flat=True)),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return dict(cursor.fetchall())
