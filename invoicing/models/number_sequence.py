"""The counters of document numbers: one per GSTIN, prefix and financial year, whichever seller uses it."""

from __future__ import annotations

import pgtrigger
from django.db import models

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from organisations.models import BillingEntity


class NumberSequence(BaseModel):
    """A counter. The transaction that issues a document locks and raises it, so a rollback gives the number back."""

    registration = models.CharField(
        max_length=36, help_text="The GSTIN of the documents; the seller's id if it has no GSTIN."
    )
    billing_entity = models.ForeignKey(
        BillingEntity,
        verbose_name="seller",
        on_delete=models.PROTECT,
        related_name="number_sequences",
        help_text="The seller that began the series.",
    )
    series = models.CharField(max_length=3, help_text="The prefix, such as INV.")
    financial_year = models.CharField(max_length=5, help_text="Such as 26-27: April to March.")
    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = "number series"
        verbose_name_plural = "number series"
        ordering = ["registration", "-financial_year", "series"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "series", "financial_year"], name="one_sequence_per_registration_series_year"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="counts_by_one",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF (NEW.registration, NEW.series, NEW.financial_year)
                       IS DISTINCT FROM (OLD.registration, OLD.series, OLD.financial_year)
                       OR NEW.next_number NOT IN (OLD.next_number, OLD.next_number + 1)
                    THEN
                        RAISE EXCEPTION 'A number sequence counts up by one: a gap or a repeat is never allowed.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.series}/{self.financial_year}: next {self.next_number}"
