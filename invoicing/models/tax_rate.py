"""Rates of tax by country, service code and days. They are rows, not code, because the law changes."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.gst import INDIA
from billing_platform.lib.limits import MAX_PERCENT
from billing_platform.lib.validators import (
    validate_business_date,
    validate_country,
    validate_line,
    validate_printed_line,
    validate_sac,
)
from invoicing.gst_heads import CGST, IGST, SGST, UTGST
from invoicing.models.columns import check_validity, ends_after_it_starts, validity


class TaxRateQuerySet(models.QuerySet["TaxRate"]):
    def on(self, day: date) -> Self:
        return self.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=day), effective_from__lte=day)


class TaxRate(BaseModel):
    """The rate of a service in percent. In India it is that of GST, which the place of supply splits into heads; abroad
    it is one tax, charged under its own name. Shared by all organisations."""

    half_open_ends = ("effective_to",)

    name = models.CharField(max_length=50, validators=[validate_line], help_text="Such as GST 18%, or Germany 19%.")
    country = models.CharField(max_length=2, default=INDIA, validators=[validate_country])
    tax_name = models.CharField(
        max_length=20,
        blank=True,
        validators=[validate_printed_line],
        help_text="What documents call the tax, outside India: VAT, GST, Sales tax.",
    )
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
        "tax_rate_has_a_name_abroad": "tax_name",
        "tax_rate_abroad_is_no_gst_head": "tax_name",
    }

    class Meta:
        ordering = ["country", "sac", "-effective_from"]
        constraints = [
            ExclusionConstraint(
                name="tax_rates_never_overlap",
                expressions=[
                    ("country", RangeOperators.EQUAL),
                    ("sac", RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another rate of this country and service code applies on some of these days.",
            ),
            ends_after_it_starts("tax_rate_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(rate__gte=0, rate__lte=100),
                name="tax_rate_is_a_percentage",
                violation_error_message="Write a percentage from 0 to 100.",
            ),
            models.CheckConstraint(
                condition=Q(country=INDIA, tax_name="") | (~Q(country=INDIA) & ~Q(tax_name="")),
                name="tax_rate_has_a_name_abroad",
                violation_error_message="Name the tax of another country, such as VAT. In India leave it empty: the "
                "heads are CGST, SGST, UTGST and IGST.",
            ),
            models.CheckConstraint(
                condition=~Q(tax_name__in=[CGST, SGST, UTGST, IGST]),
                name="tax_rate_abroad_is_no_gst_head",
                violation_error_message="This is a head of India's GST: name the other country's tax.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.sac or 'any service'})"

    def clean(self) -> None:
        check_validity(self.effective_from, self.effective_to)
