"""Everything that no batch has taken yet."""

from __future__ import annotations

from collections.abc import Iterator

from payments.accounts.vouchers import BookedDocument
from payments.models import JournalBatch, JournalItem
from payments.services.journals import documents, money_back, payouts, receipts
from payments.services.journals.books import Books, Waiting

Kind = JournalItem.Kind


def waiting(books: Books) -> Iterator[Waiting]:
    """Everything to export, each kind in order of its days. Raises NotInRupees."""
    yield from documents.documents(books)
    yield from documents.void_invoices(books)
    yield from receipts.receipts(books)
    yield from receipts.reversed_receipts(books)
    yield from money_back.refunds(books)
    yield from money_back.failed_refunds(books)
    yield from money_back.lost_disputes(books)
    yield from money_back.disputes_won_late(books)
    yield from payouts.payouts(books)
    yield from payouts.failed_payouts(books)


def fees_to_come(books: Books) -> int:
    """Receipts that wait because Razorpay has not named its fee yet."""
    return receipts.payments_of(books, received=True).filter(receipts.fee_is_to_come()).count()


def has_no_import(each: Waiting, program: str) -> bool:
    """Whether a person has to do in the program what a voucher says.

    Zoho Books imports documents, payments and refunds of credit notes: nothing that undoes what was imported, and no
    refund of a payment, as ours are. A commercial credit note would get into Zoho's GST returns, where it has no place.
    """
    if program != JournalBatch.Program.ZOHO:
        return False
    is_commercial = isinstance(each.booked, BookedDocument) and each.booked.is_commercial
    return is_commercial or each.kind not in (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT)
