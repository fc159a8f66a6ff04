"""Transfers of Razorpay to the seller's bank that no batch has taken yet."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.money import ZERO
from payments.accounts.vouchers import BookedPayout
from payments.models import JournalBatch, JournalItem, Payout
from payments.services.journals.books import Books, Waiting, in_a_batch
from payments.services.payouts.sums import Sums, sums

Kind = JournalItem.Kind


def payouts(books: Books) -> Iterator[Waiting]:
    """Those that arrived, once their lines add up to them. Zoho Books takes transfers from the bank's own feed."""
    if books.program == JournalBatch.Program.ZOHO:
        return
    begin, end = books.instants
    rows = _payouts_of(books).filter(status=Payout.Status.PROCESSED, begun_at__gte=begin, begun_at__lt=end)
    for payout in in_parts(rows.exclude(in_a_batch(books, Kind.PAYOUT)).order_by("begun_at", "pk")):
        found = sums(payout)
        if found.missing == ZERO:
            yield Waiting(Kind.PAYOUT, (payout.pk,), None, _booked(books, payout, found))


def failed_payouts(books: Books) -> Iterator[Waiting]:
    """The bank sent back what the books have."""
    rows = _payouts_of(books).filter(in_a_batch(books, Kind.PAYOUT), status=Payout.Status.FAILED)
    for payout in in_parts(rows.exclude(in_a_batch(books, Kind.FAILED_PAYOUT)).order_by("begun_at", "pk")):
        yield Waiting(
            Kind.FAILED_PAYOUT,
            (payout.pk,),
            None,
            _booked(books, payout, sums(payout)),
            day=min(clock.today(books.seller.time_zone), books.last),
            reason="the transfer failed",
        )


def _booked(books: Books, payout: Payout, found: Sums) -> BookedPayout:
    return BookedPayout(
        id=payout.pk,
        number=payout.razorpay_payout_id,
        day=payout.begun_at.astimezone(books.zone).date(),
        amount=payout.amount,
        fee=payout.fees + found.refund_fees,
        fee_tax=payout.tax + found.refund_fees_gst,
        utr=payout.utr,
    )


def _payouts_of(books: Books) -> QuerySet[Payout]:
    """Of the seller's own account; those of the environment's account are the default seller's."""
    own = Q(gateway_account__billing_entity=books.seller)
    return Payout.objects.filter(own | Q(gateway_account=None) if books.seller.is_default else own)
