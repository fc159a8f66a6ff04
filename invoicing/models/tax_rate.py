"""GST rates by service code and days. They are rows, not code, because the law changes."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import MAX_PERCENT
from billing_platform.lib.validators import validate_business_date, validate_line, validate_sac
from invoicing.models.columns import check_validity, ends_after_it_starts, validity


class TaxRateQuerySet(models.QuerySet["TaxRate"]):
    def on(self, day: date) -> Self:
        return self.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=day), effective_from__lte=day)


class TaxRate(BaseModel):
    """The GST rate of a service in percent. The place of supply splits it into heads. Shared by all organisations."""

    half_open_ends = ("effective_to",)

    name = models.CharField(max_length=50, validators=[validate_line], help_text="Such as GST 18%.")
    rate = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_PERCENT)],
        help_text="In percent: 18 is charged as CGST 9 + SGST 9, or IGST 18.",
    )
    sac = models.CharField(
        "SAC",
        max_length=6,
        blank=True,
        validators=[validate_sac],
        help_text="Empty: every service that has no rate of its own.",
    )
    effective_from = models.DateField(validators=[validate_business_date])
    effective_to = models.DateField(
        null=True,
        blank=True,
        validators=[validate_business_date],
        help_text="The first day on which the rate does not apply any more. Empty: no end.",
    )

    objects = TaxRateQuerySet.as_manager()

    constraint_fields = {
        "tax_rates_never_overlap": "effective_from",
        "tax_rate_ends_after_it_starts": "effective_to",
        "tax_rate_is_a_percentage": "rate",
    }

    class Meta:
        ordering = ["sac", "-effective_from"]
        constraints = [
            ExclusionConstraint(
                name="tax_rates_never_overlap",
                expressions=[("sac", RangeOperators.EQUAL), (validity(), RangeOperators.OVERLAPS)],
                violation_error_message="Another rate for this service code applies on some of these days.",
            ),
            ends_after_it_starts("tax_rate_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(rate__gte=0, rate__lte=100),
                name="tax_rate_is_a_percentage",
                violation_error_message="Write a percentage from 0 to 100.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.sac or 'any service'})"

    def clean(self) -> None:
        check_validity(self.effective_from, self.effective_to)
