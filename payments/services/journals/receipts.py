"""Money that came in, and tax that was withheld with it, which no batch has taken yet; and receipts reversed since."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import F, Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.money import ZERO
from invoicing.selectors.registers import total_as_booked
from payments.accounts.vouchers import BookedReceipt
from payments.models import JournalItem, Payment, PaymentAllocation
from payments.models.payment_queryset import FEE_IS_NAMED_WITHIN
from payments.services.journals.books import Books, Waiting, in_a_batch, in_rupees, party_name

Kind = JournalItem.Kind
_PLACING = (PaymentAllocation.Kind.CREDIT, PaymentAllocation.Kind.CREDIT_NOTE, PaymentAllocation.Kind.UNALLOCATED)


def payments_of(books: Books, *, received: bool) -> QuerySet[Payment]:
    rows: QuerySet[Payment] = (
        Payment.objects.standing_between(books.first, books.last, books.zone)
        if received
        else Payment.objects.filter(status=Payment.Status.REVERSED)
    )
    return rows.filter(Q(invoice__billing_entity=books.seller) | Q(billing_entity=books.seller)).exclude(
        in_a_batch(books, Kind.RECEIPT if received else Kind.REVERSAL)
    )


def fee_is_to_come() -> Q:
    young = Q(paid_at__gt=clock.now() - FEE_IS_NAMED_WITHIN)
    return Q(kind=Payment.Kind.GATEWAY, fee__isnull=True) & young


def receipts(books: Books) -> Iterator[Waiting]:
    """Money, and the tax withheld with it: what was recorded for one invoice and one day is one receipt."""
    rows = payments_of(books, received=True).exclude(fee_is_to_come())
    in_order = rows.order_by("invoice_id", "received_on", F("razorpay_payment_id").asc(nulls_first=True), "pk")
    for _, together in groupby(_with_bookings(in_order), key=_receipt_key):
        parts = list(together)
        booked, own = _receipt(books, parts, for_books=True), _receipt(books, parts, for_books=False)
        subjects = tuple(part.pk for part in parts)
        yield Waiting(Kind.RECEIPT, subjects, parts[0].organisation, booked, receipt=own, currency=parts[0].currency)


def _with_bookings(payments: QuerySet[Payment]) -> Iterator[Any]:
    related = payments.select_related("invoice", "organisation__party_ledger").prefetch_related("allocations__invoice")
    return in_parts(related.annotate(invoice_in_rupees=total_as_booked("invoice__document__content")))


def _receipt_key(payment: Payment) -> tuple[Any, ...]:
    """One transfer and its certificate share invoice and day. Each payment through Razorpay or on account stands
    alone."""
    return payment.invoice_id or payment.pk, payment.received_on, payment.razorpay_payment_id


def reversed_receipts(books: Books) -> Iterator[Waiting]:
    begin, end = books.instants
    rows = payments_of(books, received=False).filter(
        in_a_batch(books, Kind.RECEIPT), reversed_at__gte=begin, reversed_at__lt=end
    )
    for payment in _with_bookings(rows.order_by("reversed_at", "pk")):
        yield Waiting(
            Kind.REVERSAL,
            (payment.pk,),
            payment.organisation,
            _receipt(books, [payment], for_books=True),
            day=payment.reversed_at.astimezone(books.zone).date(),
            reason=payment.reversal_reason,
        )


def _receipt(books: Books, parts: list[Any], *, for_books: bool) -> BookedReceipt:
    first = parts[0]

    def booked(amount: Decimal) -> Decimal:
        return in_rupees(first, amount, first.invoice_in_rupees) if for_books else amount

    placed: dict[str, Decimal] = {}
    for part in parts:
        for row in part.allocations.all():
            if row.kind in _PLACING:
                placed[row.invoice.number] = placed.get(row.invoice.number, ZERO) + booked(row.amount)
    money = [part for part in parts if part.kind != Payment.Kind.TDS]
    credited = sum((part.amount - part.payer_fee for part in money), ZERO)
    fees = [part for part in money if part.fee is not None and not part.payer_fee]  # else the payer bore it
    return BookedReceipt(
        id=first.pk,
        number=f"RCPT-{first.pk.hex[:8].upper()}",
        day=first.received_on or first.paid_at.astimezone(books.zone).date(),
        party=party_name(first.organisation),
        amount=booked(credited),
        placed={number: amount for number, amount in placed.items() if amount > ZERO},
        through_gateway=first.kind == Payment.Kind.GATEWAY,
        withheld=booked(sum((part.amount for part in parts if part.kind == Payment.Kind.TDS), ZERO)),
        fee=booked(sum((part.fee or ZERO for part in fees), ZERO)),
        fee_tax=booked(sum((part.tax or ZERO for part in fees), ZERO)),
        reference=", ".join(dict.fromkeys(part.razorpay_payment_id or part.reference for part in parts)),
    )
