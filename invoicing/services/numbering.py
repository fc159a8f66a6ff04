"""Numbers of documents: gap-free per GSTIN, series and Indian financial year.

CGST Rule 46 (b) requires that a number is given once per financial year under one registration. So the counter
belongs to the GSTIN: a seller that changes its prefix and changes it back, a second seller with the GSTIN, and a
seller that gets the GSTIN later all continue the series. A seller without GSTIN has counters of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import validate_document_number
from billing_platform.lib.periods import financial_year
from invoicing.models import NumberSequence
from organisations.models import BillingEntity

LAST_NUMBER = 999_999
"""Digits of the running number: INV/26-27/000001 has the 16 characters that rule 46 allows."""


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    text: str
    series: str
    financial_year: str
    sequence_number: int


def registration_of(billing_entity: BillingEntity) -> str:
    """The GSTIN, or the seller's id, under which a number is unique, as in `invoice_number_once_per_registration`."""
    return billing_entity.gstin or str(billing_entity.pk)


def take_number(*, billing_entity: BillingEntity, series: str, on: date) -> DocumentNumber:
    """Take the next number, in the caller's transaction: after a rollback the number is free again.

    The counter's row is locked until the transaction ends, so call this as late as possible. Raises RuntimeError
    outside a transaction, and DomainError SERIES_FULL after number 999999.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("take_number needs a transaction")
    year = financial_year(on)
    key = {"registration": registration_of(billing_entity), "series": series, "financial_year": year}
    NumberSequence.objects.bulk_create([NumberSequence(billing_entity=billing_entity, **key)], ignore_conflicts=True)
    sequence = NumberSequence.objects.select_for_update().get(**key)
    number = sequence.next_number
    if number > LAST_NUMBER:
        raise DomainError(f"The series {series}/{year} is used up: give the seller another prefix.", code="SERIES_FULL")
    sequence.next_number = number + 1
    sequence.save(update_fields=["next_number", "updated_at"])
    return DocumentNumber(validate_document_number(f"{series}/{year}/{number:06d}"), series, year, number)


def expected_number(*, billing_entity: BillingEntity, on: date) -> str:
    """The number that the next invoice of the seller gets, unless another invoice takes it first."""
    series, year = billing_entity.invoice_prefix, financial_year(on)
    key = {"registration": registration_of(billing_entity), "series": series, "financial_year": year}
    sequence = NumberSequence.objects.filter(**key).first()
    return f"{series}/{year}/{sequence.next_number if sequence else 1:06d}"
