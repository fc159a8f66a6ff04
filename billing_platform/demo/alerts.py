"""The demo's alert rules, one of each kind, and what they notice."""

from __future__ import annotations

from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events.models import Alert, AlertRule, Metric
from events.services.alerting.acknowledging import acknowledge
from events.services.alerting.judging import judge_due
from events.services.alerting.rules import add_rule
from organisations.models import Organisation

Kind, Span = AlertRule.Kind, AlertRule.Span


def watch(nandi: Organisation, konkan: Organisation, *, since: BillingPeriod) -> None:
    """Rules as they were made at the start of a month, judged now: what they found there is in the history too."""
    calls = Metric.objects.get(name="api_calls", organisation=None)
    with clock.standing_at(since.bounds(konkan.zone)[0]):
        month = add_rule(
            organisation=konkan,
            name="Calls of the month",
            kind=Kind.USAGE_THRESHOLD,
            span=Span.MONTH,
            metric=calls,
            thresholds=[Decimal(1_000_000), Decimal(5_000_000)],
            step=Decimal(5_000_000),
        )
        add_rule(
            organisation=nandi,
            name="Cost of the month",
            kind=Kind.COST_THRESHOLD,
            span=Span.MONTH_TO_DATE,
            thresholds=[Decimal(50_000)],
            recipients=["finance@nandi-logistics.example"],
        )
    add_rule(
        organisation=konkan,
        name="Calls jump",
        kind=Kind.USAGE_SPIKE,
        span=Span.SAME_WEEKDAY,
        metric=calls,
        thresholds=[Decimal(40)],
        cool_down_minutes=24 * 60,
    )
    add_rule(
        organisation=nandi,
        name="Unusual calls",
        kind=Kind.UNUSUAL_PATTERN,
        span=Span.HOUR_OF_WEEK,
        metric=calls,
        thresholds=[Decimal(4)],
    )
    judge_due()
    acknowledge(alert_id=Alert.objects.filter(rule=month).earliest("threshold", "period_start").pk, by="operator")
