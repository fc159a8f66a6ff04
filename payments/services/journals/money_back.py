"""Money that went back to customers and that no batch has taken yet: refunds, and what lost disputes took; and those
that came back after a batch took them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.money import ZERO
from invoicing.selectors.registers import total_as_booked
from payments.accounts.vouchers import BookedRefund
from payments.models import Dispute, JournalItem, Payment, PaymentAllocation, Refund
from payments.services.journals.books import Books, Waiting, in_a_batch, in_rupees, party_name

Kind = JournalItem.Kind


def refunds(books: Books) -> Iterator[Waiting]:
    rows = Refund.objects.filter(status=Refund.Status.PROCESSED, refunded_on__range=(books.first, books.last)).exclude(
        in_a_batch(books, Kind.REFUND)
    )
    for refund in _refunds_of(books, rows):
        yield Waiting(Kind.REFUND, (refund.pk,), refund.payment.organisation, _refund(refund))


def failed_refunds(books: Books) -> Iterator[Waiting]:
    """Razorpay calls a refund processed before the bank has accepted it: one that the books have may fail."""
    rows = Refund.objects.filter(in_a_batch(books, Kind.REFUND), status=Refund.Status.FAILED).exclude(
        in_a_batch(books, Kind.FAILED_REFUND)
    )
    for refund in _refunds_of(books, rows):
        yield Waiting(
            Kind.FAILED_REFUND,
            (refund.pk,),
            refund.payment.organisation,
            _refund(refund),
            day=min(clock.today(books.seller.time_zone), books.last),
            reason="the bank did not accept it",
        )


def _refunds_of(books: Books, rows: QuerySet[Refund]) -> Iterator[Any]:
    ours = Q(payment__invoice__billing_entity=books.seller) | Q(payment__billing_entity=books.seller)
    return _with_bookings(rows.filter(ours).select_related("invoice").order_by("refunded_on", "pk"))


def _with_bookings(rows: QuerySet[Any]) -> Iterator[Any]:
    related = rows.select_related("payment__invoice", "payment__organisation__party_ledger")
    related = related.prefetch_related("payment__allocations__invoice")
    return in_parts(related.annotate(invoice_in_rupees=total_as_booked("payment__invoice__document__content")))


def _refund(refund: Any) -> BookedRefund:
    payment = refund.payment
    if refund.invoice is not None:
        taken = {refund.invoice.number: refund.off_invoice}
    elif refund.kind == Refund.Kind.BANK or refund.asked_here:
        taken = {}  # what was credited to no invoice
    else:
        taken = _taken(payment, PaymentAllocation.Kind.REFUND, refund.amount)
    return BookedRefund(
        id=refund.pk,
        number=refund.refund_number,
        day=refund.refunded_on,
        party=party_name(payment.organisation),
        amount=in_rupees(payment, refund.amount, refund.invoice_in_rupees),
        placed=_in_rupees(refund, taken),
        through_gateway=refund.kind == Refund.Kind.GATEWAY,
    )


def lost_disputes(books: Books) -> Iterator[Waiting]:
    begin, end = books.instants
    rows = Dispute.objects.filter(amount_taken__gt=0, deducted_at__gte=begin, deducted_at__lt=end)
    for dispute in _disputes_of(books, rows.exclude(in_a_batch(books, Kind.DISPUTE))):
        yield Waiting(Kind.DISPUTE, (dispute.pk,), dispute.payment.organisation, _lost(books, dispute))


def disputes_won_late(books: Books) -> Iterator[Waiting]:
    begin, end = books.instants
    rows = Dispute.objects.filter(in_a_batch(books, Kind.DISPUTE), returned_at__gte=begin, returned_at__lt=end)
    for dispute in _disputes_of(books, rows.exclude(in_a_batch(books, Kind.DISPUTE_WON))):
        yield Waiting(
            Kind.DISPUTE_WON,
            (dispute.pk,),
            dispute.payment.organisation,
            _lost(books, dispute),
            day=dispute.returned_at.astimezone(books.zone).date(),
            reason="the dispute is won after all",
        )


def _disputes_of(books: Books, rows: QuerySet[Dispute]) -> Iterator[Any]:
    return _with_bookings(rows.filter(payment__invoice__billing_entity=books.seller).order_by("deducted_at", "pk"))


def _lost(books: Books, dispute: Any) -> BookedRefund:
    payment = dispute.payment
    return BookedRefund(
        id=dispute.pk,
        number=dispute.razorpay_dispute_id,
        day=dispute.deducted_at.astimezone(books.zone).date(),
        party=party_name(payment.organisation),
        amount=in_rupees(payment, dispute.amount_taken, dispute.invoice_in_rupees),
        placed=_in_rupees(dispute, _taken(payment, PaymentAllocation.Kind.DISPUTE, dispute.amount_taken)),
        through_gateway=True,
        why="Lost dispute",
    )


def _taken(payment: Payment, kind: str, most: Decimal) -> dict[str, Decimal]:
    """Off which invoices money of a payment was taken, up to `most`; the one that was taken from first comes first."""
    taken: dict[str, Decimal] = {}
    for row in payment.allocations.all():
        part = min(-row.amount, most) if row.kind == kind else ZERO
        if part > ZERO:
            taken[row.invoice.number] = taken.get(row.invoice.number, ZERO) + part
            most -= part
    return taken


def _in_rupees(row: Any, taken: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {number: in_rupees(row.payment, amount, row.invoice_in_rupees) for number, amount in taken.items()}
