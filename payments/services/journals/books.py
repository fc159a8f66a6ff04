"""One seller's books: the days that are to be exported, the names of the ledgers, and what waits for a voucher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet

from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.money import round_money
from billing_platform.lib.periods import start_of_day
from invoicing.documents import InvoiceDocument
from invoicing.rates import BOOKS
from invoicing.selectors.exchange_rates import latest_rate
from organisations.models import BillingEntity, Organisation
from payments.accounts.vouchers import (
    BookedDocument,
    BookedPayout,
    BookedReceipt,
    BookedRefund,
    LedgerRole,
    Ledgers,
    Voucher,
    cancellation,
    document_voucher,
    payout_voucher,
    receipt_voucher,
    refund_voucher,
)
from payments.models import JournalBatch, JournalItem, LedgerName, Payment

Subjects: TypeAlias = tuple[UUID, ...]


class NotInRupees(ValueError):
    """A document or payment in a currency for which no rupee value is on record: it can't be booked."""


@dataclass(frozen=True, slots=True)
class Books:
    """One seller's books, and the days that are to be exported: `first` and `last` included, in the seller's zone."""

    seller: BillingEntity
    program: str
    first: date
    last: date
    ledgers: Ledgers

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.seller.time_zone)

    @property
    def instants(self) -> tuple[Any, Any]:
        return start_of_day(self.first, self.zone), start_of_day(self.last + timedelta(days=1), self.zone)


def books_of(seller: BillingEntity, program: str, first: date, last: date) -> Books:
    rows = list(LedgerName.objects.filter(billing_entity=seller))
    names = {LedgerRole(row.role): row.name for row in rows if row.role != LedgerRole.SALES}
    sales = {row.sac: row.name for row in rows if row.role == LedgerRole.SALES}
    return Books(seller, JournalBatch.Program(program).value, first, last, Ledgers(names, sales))


@dataclass(frozen=True, slots=True)
class Waiting:
    """One voucher to be, with the rows that it books. `document` and `receipt` are in the document's own currency."""

    kind: JournalItem.Kind
    subjects: Subjects
    organisation: Organisation | None  # None: a payout, which is of many customers
    booked: BookedDocument | BookedReceipt | BookedRefund | BookedPayout
    document: InvoiceDocument | None = None
    receipt: BookedReceipt | None = None
    currency: str = BOOKS  # of the receipt
    day: date | None = None  # of a cancellation
    reason: str = ""

    def voucher(self, ledgers: Ledgers) -> Voucher:
        """Raises MissingLedger, and UnbalancedVoucher."""
        voucher = _voucher(self.booked, ledgers)
        if self.day is None:
            return voucher
        return cancellation(voucher, key=uuid5(voucher.id, self.kind), day=self.day, reason=self.reason)


def _voucher(booked: Any, ledgers: Ledgers) -> Voucher:
    if isinstance(booked, BookedDocument):
        return document_voucher(booked, ledgers)
    if isinstance(booked, BookedReceipt):
        return receipt_voucher(booked, ledgers)
    if isinstance(booked, BookedPayout):
        return payout_voucher(booked, ledgers)
    return refund_voucher(booked, ledgers)


def in_a_batch(books: Books, kind: JournalItem.Kind) -> Exists:
    return Exists(JournalItem.objects.filter(program=books.program, kind=kind, subject_id=OuterRef("pk")))


def party_name(organisation: Organisation) -> str:
    """What the books call a customer."""
    ledger = getattr(organisation, "party_ledger", None)
    return ledger.name if ledger else organisation.name


def with_party(rows: QuerySet[Any]) -> Iterator[Any]:
    return in_parts(rows.select_related("organisation__party_ledger"))


def in_rupees(payment: Payment, amount: Decimal, invoice_in_rupees: Decimal | None) -> Decimal:
    """An amount of a payment at the rate that its invoice was booked at: the whole total gives the whole value. On
    account it is at the last rate up to its day. Raises NotInRupees."""
    invoice = payment.invoice
    if payment.currency == BOOKS:
        return amount
    if invoice is None:
        rate = latest_rate(base=payment.currency, target=BOOKS, at=payment.received_day)
        if rate is None:
            raise NotInRupees(f"Payment {payment} is in {payment.currency}, of which no rate is known.")
        return round_money(amount * rate.rate, BOOKS)
    if invoice_in_rupees is None:
        raise NotInRupees(f"{invoice} is in {invoice.currency}, and has no value in rupees.")
    return round_money(amount * invoice_in_rupees / invoice.total, BOOKS)
