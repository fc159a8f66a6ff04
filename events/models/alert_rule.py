"""Rules that tell when usage or cost crosses a threshold, jumps, or is unusual; and what each of them saw last."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, validate_email
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.errors import quoted
from billing_platform.lib.limits import QUANTITY_DIGITS, QUANTITY_PLACES, REASON_LENGTH
from billing_platform.lib.validators import validate_line
from events.alerts import judging
from events.alerts.judging import Terms
from events.models.metric import Metric
from organisations.models import Organisation, Project
from organisations.notifications.recipients import recipients
from organisations.scoping import TenantModel

MOST_THRESHOLDS = 20
MOST_RECIPIENTS = 10
NAME_LENGTH = 100
MAX_COOL_DOWN = 31 * 24 * 60  # minutes: a month
LEVELS_ARE_NOT_WATCHED = (
    "A level over time can't be watched: choose a metric of sums, counts, greatest, latest or different values."
)


def validate_recipients(value: Any) -> None:
    if not isinstance(value, list) or len(value) > MOST_RECIPIENTS:
        raise ValidationError(f"Give at most {MOST_RECIPIENTS} e-mail addresses.")
    for address in value:
        try:
            validate_email(address)
        except ValidationError:
            raise ValidationError(f"{quoted(address)} is no e-mail address.") from None


def validate_thresholds(value: Any) -> None:
    if not value or len(value) > MOST_THRESHOLDS or len(set(value)) != len(value):
        raise ValidationError(f"Give 1 to {MOST_THRESHOLDS} different thresholds.")


class AlertRule(BaseModel, TenantModel):
    """What is watched for a customer, or for one project. Only what changes what it says makes it begin anew."""

    class Kind(models.TextChoices):
        USAGE_THRESHOLD = judging.THRESHOLD, "Usage reaches a threshold"
        USAGE_SPIKE = judging.SPIKE, "Usage jumps or falls, in percent"
        UNUSUAL_PATTERN = judging.UNUSUAL, "Usage is unusual for the hour of the week"
        COST_THRESHOLD = judging.COST, "Cost reaches a threshold"

    class Span(models.TextChoices):
        HOUR = "hour", "Usage of an hour"
        DAY = "day", "Usage of a day"
        MONTH = "month", "Usage of a month"
        PREVIOUS_HOUR = "previous_hour", "An hour against the hour before"
        PREVIOUS_DAY = "previous_day", "A day against the day before"
        PREVIOUS_WEEK = "previous_week", "Seven days against the seven before"
        SAME_WEEKDAY = "same_weekday", "A day against the same weekday before"
        HOUR_OF_WEEK = "hour_of_week", "An hour against the same hour of earlier weeks"
        MONTH_TO_DATE = "month_to_date", "Cost of the month so far"
        PROJECTED = "projected", "Cost of the month as it will probably be"

    class Operator(models.TextChoices):
        GT = "gt", "above"
        GTE = "gte", "at or above"
        LT = "lt", "below"
        LTE = "lte", "at or below"
        EQ = "eq", "exactly"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="alert_rules"
    )
    project = models.ForeignKey(
        Project,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: all live projects together.",
    )
    name = models.CharField(max_length=NAME_LENGTH, validators=[validate_line], help_text="Stands in the e-mails.")
    kind = models.CharField(max_length=15, choices=Kind, default=Kind.USAGE_THRESHOLD)
    span = models.CharField("looks at", max_length=13, choices=Span, default=Span.MONTH)
    metric = models.ForeignKey(
        Metric, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty for a cost."
    )
    operator = models.CharField("fires when it is", max_length=3, choices=Operator, default=Operator.GTE)
    thresholds = ArrayField(
        models.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_PLACES),
        validators=[validate_thresholds],
        help_text="Quantities, percents, deviations from what is usual, or amounts before tax.",
    )
    step = models.DecimalField(
        "then at every",
        max_digits=QUANTITY_DIGITS,
        decimal_places=QUANTITY_PLACES,
        null=True,
        blank=True,
        help_text="Behind the last threshold: 50, then at every 100, are 50, 150, 250 … Empty: no more.",
    )
    least_usage = models.DecimalField(
        "counts from",
        max_digits=QUANTITY_DIGITS,
        decimal_places=QUANTITY_PLACES,
        null=True,
        blank=True,
        help_text="Of jumps: usage below it counts as this much. With 100, from 0 to 500 is 400% more, from 3 to 50 "
        "no jump. Empty: one from nothing is not told.",
    )
    recipients = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_recipients],
        help_text="E-mail addresses. None: the customer's billing e-mail.",
    )
    cool_down_minutes = models.PositiveIntegerField(
        "cool-down in minutes",
        default=0,
        validators=[MaxValueValidator(MAX_COOL_DOWN)],
        help_text="For so long after one e-mail the next alerts of this rule are only noted.",
    )
    is_active = models.BooleanField("active", default=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    mute_reason = models.CharField(max_length=REASON_LENGTH, blank=True, validators=[validate_line])
    judged_since = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since then it is there for its history alone."
    )

    constraint_fields = {
        "alert_rule_name_once_per_organisation": "name",
        "alert_rule_span_is_of_its_kind": "span",
        "alert_rule_has_metric_unless_cost": "metric",
        "alert_rule_operator_suits_its_kind": "operator",
        "alert_rule_step_above_zero": "step",
        "alert_rule_least_usage_is_of_a_jump": "least_usage",
        "alert_rule_mute_has_a_reason": "mute_reason",
    }

    class Meta:
        verbose_name = "alert rule"
        ordering = ["organisation__name", "name"]
        permissions = [("mute_alertrule", "Can mute an alert rule, and send its test")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                condition=Q(retired_at__isnull=True),
                name="alert_rule_name_once_per_organisation",
                violation_error_message="The customer has an alert rule of that name.",
                violation_error_code="duplicate",
            ),
            models.CheckConstraint(
                condition=Q(*(Q(kind=kind, span__in=spans) for kind, spans in judging.SPANS.items()), _connector=Q.OR),
                name="alert_rule_span_is_of_its_kind",
                violation_error_message="This kind of rule can't look at that: choose another.",
            ),
            models.CheckConstraint(
                condition=Q(kind=judging.COST, metric__isnull=True, project__isnull=True)
                | (~Q(kind=judging.COST) & Q(metric__isnull=False)),
                name="alert_rule_has_metric_unless_cost",
                violation_error_message="Usage is that of a metric. A cost is that of the whole customer: it has "
                "neither metric nor project.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[judging.THRESHOLD, judging.SPIKE])
                | Q(kind=judging.COST, operator__in=["gt", "gte"])
                | Q(kind=judging.UNUSUAL, operator="gte", step__isnull=True),
                name="alert_rule_operator_suits_its_kind",
                violation_error_message="A cost is watched from below: above, or at or above. What is unusual is at or "
                "above a number of deviations, without a step.",
            ),
            models.CheckConstraint(
                condition=Q(step__isnull=True) | (Q(step__gt=0) & ~Q(operator="eq")),
                name="alert_rule_step_above_zero",
                violation_error_message="A step is above zero, and nothing is exactly at every step.",
            ),
            models.CheckConstraint(
                condition=Q(least_usage__isnull=True) | Q(kind=judging.SPIKE, least_usage__gt=0),
                name="alert_rule_least_usage_is_of_a_jump",
                violation_error_message="Only a jump counts from a quantity, which is above zero: leave it empty.",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(is_active=False),
                name="retired_alert_rule_is_switched_off",
            ),
            models.CheckConstraint(
                condition=Q(muted_until__isnull=True) | ~Q(mute_reason=""),
                name="alert_rule_mute_has_a_reason",
                violation_error_message="Say why it is muted.",
            ),
            models.CheckConstraint(
                condition=Q(thresholds__len__gte=1, thresholds__len__lte=MOST_THRESHOLDS),
                name="alert_rule_has_thresholds",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="alert_rule_watches_its_customer",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF EXISTS (SELECT FROM organisations_project
                               WHERE id = NEW.project_id AND organisation_id <> NEW.organisation_id)
                       OR EXISTS (SELECT FROM events_metric
                                  WHERE id = NEW.metric_id AND organisation_id <> NEW.organisation_id) THEN
                        RAISE EXCEPTION 'An alert rule watches a project and a metric of its own customer.';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def terms(self) -> Terms:
        return Terms(self.kind, self.span, self.operator, tuple(self.thresholds), self.step, self.least_usage)

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None

    @property
    def is_muted(self) -> bool:
        return self.muted_until is not None and self.muted_until > clock.now()

    @property
    def to(self) -> list[str]:
        """Who is told."""
        return list(self.recipients) or recipients(self.organisation, "alert")

    def clean(self) -> None:
        if self.project is not None and self.project.organisation_id != self.organisation_id:
            raise ValidationError({"project": "Choose a project of the customer."})
        if self.metric is not None and self.metric.organisation_id not in (None, self.organisation_id):
            raise ValidationError({"metric": "Choose a metric that the customer's usage counts for."})
        if self.metric is not None and self.metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
            raise ValidationError({"metric": LEVELS_ARE_NOT_WATCHED})
        if self.kind == judging.UNUSUAL and min(self.thresholds or [Decimal(1)]) <= 0:
            raise ValidationError({"thresholds": "A number of deviations is above zero: 4 is a good beginning."})


class AlertRuleState(TenantModel):
    """When a rule is to be judged next, and what it saw last. Written by judging alone, which locks it first."""

    tenant_path = "rule__organisation"

    rule = models.OneToOneField(AlertRule, on_delete=models.CASCADE, primary_key=True, related_name="state")
    due_at = models.DateTimeField(default=clock.now)
    judged_at = models.DateTimeField(null=True, blank=True)
    period_start = models.DateTimeField(null=True, blank=True, help_text="Of the newest period that was judged.")
    period_end = models.DateTimeField(null=True, blank=True)
    value = models.DecimalField(max_digits=38, decimal_places=QUANTITY_PLACES, null=True, blank=True)

    class Meta:
        verbose_name = "state of an alert rule"
        verbose_name_plural = "states of alert rules"
        indexes = [models.Index(fields=["due_at"], name="alert_rule_due")]

    def __str__(self) -> str:
        return f"state of {self.rule}"
