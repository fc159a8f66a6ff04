"""How a seller asks again: its retries, its reminders and its late fee."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.money import ZERO
from invoicing.models.columns import MoneyField
from organisations.models import BillingEntity
from payments.dunning.late_fees import LateFeeRule
from payments.dunning.reminder_steps import DEFAULT_STEPS, FIRST_STEP, LAST_STEP, MAX_STEPS
from payments.dunning.retry_schedule import MAX_ATTEMPTS, MAX_FACTOR, MAX_HOURS, RetrySchedule

MAX_GRACE_DAYS = 90
MAX_LATE_PERCENT = Decimal(10)
"""A month. Above it, courts call a late fee a penalty."""


def usual_steps() -> list[int]:
    return list(DEFAULT_STEPS)


class RetryColumns(models.Model):
    """The numbers of a schedule: a seller's usual ones, and those of one failed payment."""

    max_retries = models.PositiveSmallIntegerField(
        "attempts", default=3, validators=[MinValueValidator(1), MaxValueValidator(MAX_ATTEMPTS)]
    )
    base_hours = models.PositiveSmallIntegerField(
        "first pause", default=24, validators=[MinValueValidator(1), MaxValueValidator(MAX_HOURS)], help_text="Hours."
    )
    factor = models.DecimalField(
        max_digits=4,
        decimal_places=2,
        default=Decimal(2),
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(MAX_FACTOR)],
        help_text="Each pause is so many times the one before.",
    )
    cap_hours = models.PositiveSmallIntegerField(
        "longest pause",
        default=168,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_HOURS)],
        help_text="Hours.",
    )

    class Meta:
        abstract = True

    @property
    def schedule(self) -> RetrySchedule:
        return RetrySchedule(self.max_retries, self.base_hours, self.factor, self.cap_hours)

    @property
    def numbers(self) -> dict[str, Any]:
        """For a plan that begins with them."""
        return {name: getattr(self, name) for name in ("max_retries", "base_hours", "factor", "cap_hours")}


RETRIES_WITHIN_BOUNDS = Q(
    max_retries__gte=1,
    max_retries__lte=MAX_ATTEMPTS,
    base_hours__gte=1,
    base_hours__lte=MAX_HOURS,
    factor__gte=1,
    factor__lte=MAX_FACTOR,
    cap_hours__gte=1,
    cap_hours__lte=MAX_HOURS,
)


class DunningRules(RetryColumns, BaseModel):
    """A seller without a row has the defaults, and charges no late fee."""

    billing_entity = models.OneToOneField(
        BillingEntity, verbose_name="seller", on_delete=models.CASCADE, related_name="dunning_rules"
    )
    retries_on = models.BooleanField("try failed payments again", default=True)
    reminders_on = models.BooleanField("send reminders", default=True)
    steps = ArrayField(
        models.SmallIntegerField(validators=[MinValueValidator(FIRST_STEP), MaxValueValidator(LAST_STEP)]),
        default=usual_steps,
        size=MAX_STEPS,
        help_text="Days after the due date; below zero: before it.",
    )
    msme_notice = models.BooleanField(
        "name the rule for small enterprises",
        default=True,
        help_text="In reminders after the due date to customers in India, if the seller has an Udyam number. Off for a "
        "medium enterprise or a trader, whom the rule does not protect.",
    )
    late_fee_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=ZERO,
        validators=[MinValueValidator(ZERO), MaxValueValidator(MAX_LATE_PERCENT)],
        help_text="Of what is due, for each 30 days that have begun. 0: none.",
    )
    late_fee_fixed = MoneyField(
        default=ZERO,
        validators=[MinValueValidator(ZERO)],
        help_text="Once for each late invoice in rupees, instead of a percentage. 0: none.",
    )
    late_fee_grace_days = models.PositiveSmallIntegerField(
        "days of grace", default=0, validators=[MaxValueValidator(MAX_GRACE_DAYS)], help_text="After the due date."
    )
    late_fee_most = models.DecimalField(
        "late fees at most",
        max_digits=5,
        decimal_places=2,
        default=ZERO,
        validators=[MinValueValidator(ZERO), MaxValueValidator(Decimal(100))],
        help_text="Percent of the late invoice's total, for all of its fees together. 0: no bound.",
    )

    constraint_fields = {"late_fee_is_percent_or_fixed": "late_fee_fixed"}

    class Meta:
        verbose_name = "rules for asking again"
        verbose_name_plural = "rules for asking again"
        constraints = [
            models.CheckConstraint(condition=RETRIES_WITHIN_BOUNDS, name="retry_rules_within_bounds"),
            models.CheckConstraint(
                condition=Q(late_fee_percent=0) | Q(late_fee_fixed=0),
                name="late_fee_is_percent_or_fixed",
                violation_error_message="Choose a percentage or a fixed amount, not both.",
            ),
            models.CheckConstraint(
                condition=Q(
                    late_fee_percent__gte=0,
                    late_fee_percent__lte=MAX_LATE_PERCENT,
                    late_fee_fixed__gte=0,
                    late_fee_grace_days__lte=MAX_GRACE_DAYS,
                    late_fee_most__gte=0,
                    late_fee_most__lte=100,
                ),
                name="late_fee_within_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"Asking again: {self.billing_entity}"

    def clean(self) -> None:
        super().clean()
        if len(set(self.steps)) != len(self.steps):
            raise ValidationError({"steps": "Two steps are on the same day."})
        self.steps = sorted(self.steps)

    @property
    def late_fee(self) -> LateFeeRule:
        return LateFeeRule(self.late_fee_percent, self.late_fee_fixed, self.late_fee_grace_days, self.late_fee_most)


def rules_of(seller_id: UUID) -> DunningRules:
    """The seller's rules, or the defaults in a row that is not stored."""
    found: DunningRules | None = DunningRules.objects.filter(billing_entity=seller_id).first()
    return found or DunningRules(billing_entity_id=seller_id)
