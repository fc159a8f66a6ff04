"""Letters of undertaking: with one, exports and supplies to Special Economic Zones go without tax (CGST Rule 96A)."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.periods import financial_year
from billing_platform.lib.validators import check_order, validate_business_date, validate_printed_line
from organisations.models import BillingEntity

ENDS_BEFORE_IT_BEGINS = "The undertaking's last day is before its first one."


class _FinancialYear(Func):
    """The year in which the Indian financial year of a day begins."""

    template = "EXTRACT(year FROM %(expressions)s - interval '3 months')"
    output_field = models.IntegerField()


class LetterQuerySet(models.QuerySet["LetterOfUndertaking"]):
    def on(self, day: date) -> Self:
        return self.filter(valid_from__lte=day, valid_to__gte=day)


class LetterOfUndertaking(BaseModel):
    """A seller's letter (form RFD-11) for one financial year, known by its ARN. A document is issued under the one that
    holds on its date, and keeps its number. The next year's may be entered before the year begins."""

    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.CASCADE, related_name="letters"
    )
    number = models.CharField(
        "ARN", max_length=50, validators=[validate_printed_line], help_text="As documents print it."
    )
    valid_from = models.DateField("first day", validators=[validate_business_date])
    valid_to = models.DateField(
        "last day", validators=[validate_business_date], help_text="31 March, unless the letter ends before."
    )

    objects = LetterQuerySet.as_manager()

    constraint_fields = {
        "letters_never_overlap": "valid_from",
        "letter_ends_after_it_begins": "valid_to",
        "letter_of_one_financial_year": "valid_to",
    }

    class Meta:
        verbose_name = "letter of undertaking"
        verbose_name_plural = "letters of undertaking"
        ordering = ["billing_entity__name", "-valid_from"]
        constraints = [
            ExclusionConstraint(
                name="letters_never_overlap",
                expressions=[
                    ("billing_entity", RangeOperators.EQUAL),
                    (
                        Func(
                            "valid_from",
                            "valid_to",
                            RangeBoundary(inclusive_lower=True, inclusive_upper=True),
                            function="DATERANGE",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="Another letter of this seller holds on some of these days.",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")),
                name="letter_ends_after_it_begins",
                violation_error_message=ENDS_BEFORE_IT_BEGINS,
            ),
            models.CheckConstraint(
                condition=models.lookups.Exact(_FinancialYear("valid_from"), _FinancialYear("valid_to")),
                name="letter_of_one_financial_year",
                violation_error_message="A letter holds for one financial year, until 31 March at the latest.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} for {self.financial_year}"

    @property
    def financial_year(self) -> str:
        """ "2026-27"."""
        return f"20{financial_year(self.valid_from)}"

    def clean(self) -> None:
        check_order(self.valid_from, self.valid_to, field="valid_to", sentence=ENDS_BEFORE_IT_BEGINS)
        if self.billing_entity_id and not self.billing_entity.gstin:
            raise ValidationError({"billing_entity": "Only a seller with a GSTIN files a letter of undertaking."})
