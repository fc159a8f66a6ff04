"""The counters of document numbers: one per GSTIN and series, whichever seller uses it."""

from __future__ import annotations

from datetime import date
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Least, Length, Power

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.document_numbers import MAX_WIDTH, NUMBER_LENGTH, SERIES_LENGTH
from billing_platform.lib.periods import financial_year
from organisations.models import BillingEntity

MOST_AT_ONCE = 500
"""Documents that one transaction may number. A greater step is no block of documents, but a gap."""

NEARLY_FULL = 10
"""A series is nearly full when less than a tenth of its numbers is left."""


def _documents(table: str) -> str:
    return f"""
        SELECT count(*) FROM {table} document
        WHERE COALESCE(NULLIF(document.seller_gstin, ''), document.billing_entity_id::text) = NEW.registration
            AND document.series = NEW.series AND document.financial_year = NEW.financial_year
            AND document.sequence_number >= OLD.next_number AND document.sequence_number < NEW.next_number
    """  # noqa: S608  (the table is ours)


_EVERY_NUMBER_IS_ON_A_DOCUMENT = f"""
    IF ({_documents("invoicing_invoice")}) + ({_documents("invoicing_creditnote")}) <> NEW.next_number - OLD.next_number
    THEN
        RAISE EXCEPTION 'The series % would have a gap from number % on.', NEW.series, OLD.next_number
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


class NumberSequenceQuerySet(models.QuerySet["NumberSequence"]):
    def nearly_full(self, on: date) -> Self:
        """Of a day's financial year: less than a tenth of the numbers that rule 46 allows are left."""
        digits = Least(NUMBER_LENGTH - Length("series"), Value(MAX_WIDTH))
        room = Cast(Power(Value(10), digits), models.BigIntegerField())
        used = self.annotate(room=room).filter(next_number__gt=F("room") - F("room") / NEARLY_FULL)
        return used.filter(financial_year=financial_year(on))


class NumberSequence(BaseModel):
    """A counter. The transaction that issues documents locks and raises it, so a rollback gives the numbers back."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoices"
        CREDIT_NOTE = "credit_note", "Credit notes"

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
    series = models.CharField(
        max_length=SERIES_LENGTH, help_text="What stands before the running number, such as INV/26-27/."
    )
    kind = models.CharField("numbers", max_length=11, choices=Kind)
    financial_year = models.CharField(max_length=5, help_text="Such as 26-27: April to March.")
    next_number = models.PositiveIntegerField(default=1)

    objects = NumberSequenceQuerySet.as_manager()

    class Meta:
        verbose_name = "number series"
        verbose_name_plural = "number series"
        ordering = ["registration", "-financial_year", "series"]
        constraints = [
            models.UniqueConstraint(fields=["registration", "series"], name="one_sequence_per_registration_and_series"),
            models.CheckConstraint(
                condition=Q(series__regex=r"^[A-Z1-9][A-Z0-9/-]*[/-]$"), name="series_ends_with_a_separator"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="counts_up_by_blocks",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF (NEW.registration, NEW.series, NEW.kind, NEW.financial_year)
                       IS DISTINCT FROM (OLD.registration, OLD.series, OLD.kind, OLD.financial_year)
                       OR NEW.next_number NOT BETWEEN OLD.next_number AND OLD.next_number + {MOST_AT_ONCE}
                    THEN
                        RAISE EXCEPTION 'A number sequence counts up by documents: a gap or a repeat is never allowed.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="every_number_is_on_a_document",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,  # the document is written after its number was taken
                condition=pgtrigger.Q(new__next_number__gt=pgtrigger.F("old__next_number")),
                func=_EVERY_NUMBER_IS_ON_A_DOCUMENT,
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.series


def number_is_of_a_series(
    kind: str, *, operation: pgtrigger.Operation, condition: pgtrigger.Condition | None = None
) -> pgtrigger.Trigger:
    """A trigger for documents of a kind: the number is the series and the running number, and was taken from the
    counter of that registration, series and kind. As a series ends with a separator and belongs to one kind, an invoice
    and a credit note never have the same number."""
    return pgtrigger.Trigger(
        name="number_is_of_a_series",
        when=pgtrigger.After,
        operation=operation,
        condition=condition,
        func=f"""
            IF NEW.number !~ ('^' || NEW.series || '0*' || NEW.sequence_number || '$') OR NOT EXISTS (
                SELECT FROM invoicing_numbersequence counter
                WHERE counter.registration = COALESCE(NULLIF(NEW.seller_gstin, ''), NEW.billing_entity_id::text)
                    AND counter.series = NEW.series AND counter.kind = '{kind}'
                    AND counter.next_number > NEW.sequence_number
            ) THEN
                RAISE EXCEPTION '% is no number that was taken from the series %.', NEW.number, NEW.series
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """,  # noqa: S608  (the kind is ours)
    )
