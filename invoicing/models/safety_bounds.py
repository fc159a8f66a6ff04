"""A customer's own safety bounds, where the platform's defaults don't fit."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import MAX_LINES, MAX_MONEY, REASON_LENGTH
from billing_platform.lib.validators import validate_paragraphs
from invoicing.models.columns import MoneyField
from organisations.models import Organisation
from organisations.scoping import TenantModel

MOST_TIMES = 1000


class SafetyBounds(BaseModel, TenantModel):
    """What is empty is as the settings have it for everybody."""

    organisation = models.OneToOneField(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="safety_bounds"
    )
    times = models.DecimalField(
        "times the usual",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(Decimal(MOST_TIMES))],
        help_text="A month's total may be so many times the mean of the last three, and the mean so many times the "
        "total. Empty: the default.",
    )
    lines = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_LINES)],
        help_text="How many lines a month's invoice may have. Empty: the default.",
    )
    most = MoneyField(
        "largest total",
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MAX_MONEY)],
        help_text="In the customer's currency, with tax. Empty: the default.",
    )
    reason = models.CharField(
        max_length=REASON_LENGTH, validators=[validate_paragraphs], help_text="Why this customer is different."
    )

    constraint_fields = {"safety_bounds_times_from_one": "times", "safety_bounds_say_why": "reason"}

    class Meta:
        verbose_name = "safety bounds"
        verbose_name_plural = "safety bounds"
        ordering = ["organisation__name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(times__isnull=True) | Q(times__gte=1, times__lte=MOST_TIMES),
                name="safety_bounds_times_from_one",
                violation_error_message="Choose a number from 1 to 1,000.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="safety_bounds_say_why",
                violation_error_message="Say why this customer is different.",
            ),
        ]

    def __str__(self) -> str:
        return f"Safety bounds of {self.organisation}"
