"""Alert rules of many customers with usage in every hour of two months: how many are judged in a second."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from tests.bench.customers import customers_with_prices

RULES_OF_A_CUSTOMER = 10
HOURS = 40 * 24


def judged(customers: int) -> tuple[float, int, int]:
    """Seconds of one judging of all rules, how many they are, and how many queries it took. Nothing fires: the e-mails
    of what fires are work of their own."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from billing_platform.lib import clock
    from events.models import AlertRuleState
    from events.services.alerting.judging import judge_due

    owners = customers_with_prices(customers)
    _use(owners)
    _watch([organisation for organisation, _project in owners])
    judge_due(seconds=3600)
    AlertRuleState.objects.update(due_at=clock.now())
    with CaptureQueriesContext(connection) as captured:
        begun = time.perf_counter()
        count = judge_due(seconds=3600)
        elapsed = time.perf_counter() - begun
    return elapsed, count, len(captured)


def _watch(owners: list[UUID]) -> None:
    from events.models import AlertRule, AlertRuleState, Metric

    metrics = list(Metric.objects.filter(organisation=None).order_by("name"))[:4]
    month = [("usage_threshold", "month", each) for each in metrics]
    others = [
        ("usage_threshold", "day", metrics[0]),
        ("usage_threshold", "hour", metrics[1]),
        ("usage_spike", "previous_day", metrics[0]),
        ("usage_spike", "same_weekday", metrics[1]),
        ("unusual_pattern", "hour_of_week", metrics[2]),
        ("cost_threshold", "month_to_date", None),
    ]
    rules = [
        AlertRule(
            organisation_id=owner,
            name=f"Rule {number}",
            kind=kind,
            span=span,
            metric=metric,
            thresholds=[Decimal(10) ** 9],
        )
        for owner in owners
        for number, (kind, span, metric) in enumerate([*month, *others])
    ]
    AlertRule.objects.bulk_create(rules, batch_size=1_000)
    AlertRuleState.objects.bulk_create([AlertRuleState(rule=rule) for rule in rules], batch_size=1_000)


def _use(customers: list[tuple[UUID, UUID]]) -> None:
    """One row of aggregates for each metric and hour, as settling leaves it."""
    from django.db import connection

    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    organisations, projects = (list(column) for column in zip(*customers, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_usageaggregate
                (organisation_id, project_id, metric_id, dimensions, hour, counted_in, total, event_count)
            SELECT customers.organisation_id, project_id, m.id, '{}', hour,
                date_trunc('month', hour AT TIME ZONE 'Asia/Kolkata')::date, 40, 40
            FROM unnest(%(organisations)s::uuid[], %(projects)s::uuid[]) AS customers (organisation_id, project_id),
                events_metric m, generate_series(%(first)s::timestamptz, %(last)s, interval '1 hour') AS hour
            WHERE m.organisation_id IS NULL
            """,
            {
                "organisations": organisations,
                "projects": projects,
                "first": now - timedelta(hours=HOURS),
                "last": now,
            },
        )
        cursor.execute("ANALYZE")
