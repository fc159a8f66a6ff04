"""Numbers of documents: gap-free per GSTIN and series; a series is of one kind of document and one financial year.

CGST Rule 46 (b) requires that a number is given once per financial year under one registration. So the counter
belongs to the GSTIN: a seller that changes its prefix and changes it back, a second seller with the GSTIN, and a
seller that gets the GSTIN later all continue the series. A seller without GSTIN has counters of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.document_numbers import last_number
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import financial_year, next_financial_year_start
from invoicing.models import NumberSequence
from organisations.models import BillingEntity

Kind = NumberSequence.Kind


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    text: str
    series: str
    financial_year: str
    sequence_number: int


def registration_of(billing_entity: BillingEntity) -> str:
    """The GSTIN, or the seller's id, under which a number is unique, as in `invoice_number_once_per_registration`."""
    return billing_entity.gstin or str(billing_entity.pk)


def take_number(
    *, billing_entity: BillingEntity, series: str, on: date, registration: str | None = None
) -> DocumentNumber:
    """`take_numbers` for one document."""
    return take_numbers(1, billing_entity=billing_entity, series=series, on=on, registration=registration)[0]


def take_numbers(
    count: int, *, billing_entity: BillingEntity, series: str, on: date, registration: str | None = None
) -> list[DocumentNumber]:
    """Take the next numbers, at most `MOST_AT_ONCE`, in the caller's transaction: after a rollback they are free again.

    `series` is one of the seller's prefixes; it says which kind of document is numbered. `registration` is the seller's
    of today, unless a document belongs to an older one: a credit note has its invoice's.

    The counter's row is locked until the transaction ends, so call this as late as possible. Raises RuntimeError
    outside a transaction, DomainError SERIES_FULL where the numbers that rule 46 allows do not suffice, and
    SERIES_TAKEN where the series numbers documents of another kind.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("take_numbers needs a transaction")
    style, kind = billing_entity.number_style, _kind(billing_entity, series)
    begun = style.series(series, on)
    sequence = _locked(registration or registration_of(billing_entity), begun, billing_entity, kind, on)
    if sequence.kind != kind:
        raise DomainError(taken(sequence), code="SERIES_TAKEN")
    first = sequence.next_number
    if first + count - 1 > last_number(begun):
        raise DomainError(f"The series {begun} is used up: give the seller another prefix.", code="SERIES_FULL")
    sequence.next_number = first + count
    sequence.save(update_fields=["next_number", "updated_at"])
    return [
        DocumentNumber(style.text(begun, number), begun, financial_year(on), number)
        for number in range(first, first + count)
    ]


def expected_number(*, billing_entity: BillingEntity, on: date, series: str | None = None) -> str:
    """The number that the next document of the seller gets, unless another one takes it first: of an invoice, or of the
    kind that has the prefix `series`. Of a series that is used up, it says so."""
    style = billing_entity.number_style
    begun = style.series(series or billing_entity.invoice_prefix, on)
    sequence = NumberSequence.objects.filter(registration=registration_of(billing_entity), series=begun).first()
    following = sequence.next_number if sequence else 1
    return style.text(begun, following) if following <= last_number(begun) else f"none: {begun} is used up"


def taken(sequence: NumberSequence) -> str:
    return f"The series {sequence.series} numbers {sequence.get_kind_display().lower()} already: take another prefix."


def taken_series(seller: BillingEntity) -> Iterator[tuple[str, str]]:
    """What speaks against a seller's prefixes, this financial year or the next: they number the other kind of document
    under its GSTIN, whichever seller it was, and whenever."""
    today = clock.today(seller.time_zone)
    for field, kind in (("invoice_prefix", Kind.INVOICE), ("credit_note_prefix", Kind.CREDIT_NOTE)):
        days = today, next_financial_year_start(today)
        wanted = [seller.number_style.series(getattr(seller, field), day) for day in days]
        counters = NumberSequence.objects.filter(registration=registration_of(seller), series__in=wanted)
        other = counters.exclude(kind=kind).first()
        if other is not None:
            yield field, taken(other)


def _kind(billing_entity: BillingEntity, prefix: str) -> str:
    return Kind.CREDIT_NOTE if prefix == billing_entity.credit_note_prefix else Kind.INVOICE


def _locked(registration: str, series: str, billing_entity: BillingEntity, kind: str, on: date) -> NumberSequence:
    """The counter, begun if it is new."""
    locked = NumberSequence.objects.select_for_update().filter(registration=registration, series=series)
    sequence = locked.first()
    if sequence is None:
        new = NumberSequence(
            registration=registration,
            series=series,
            billing_entity=billing_entity,
            kind=kind,
            financial_year=financial_year(on),
        )
        NumberSequence.objects.bulk_create([new], ignore_conflicts=True)
        sequence = locked.get()
    return sequence
