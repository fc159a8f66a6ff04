"""What no batch has taken yet: documents, void invoices, receipts, refunds, and what went wrong with those booked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeAlias
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.periods import start_of_day
from invoicing.documents import InvoiceDocument
from invoicing.models import CreditNote, Invoice
from invoicing.rates import BOOKS
from invoicing.returns.rounding import settle
from invoicing.selectors.exchange_rates import latest_rate
from invoicing.selectors.registers import total_as_booked
from organisations.models import BillingEntity, Organisation
from payments.accounts.vouchers import (
    BookedDocument,
    BookedReceipt,
    BookedRefund,
    LedgerRole,
    Ledgers,
    Voucher,
    cancellation,
    document_voucher,
    receipt_voucher,
    refund_voucher,
)
from payments.models import Dispute, JournalBatch, JournalItem, LedgerName, Payment, PaymentAllocation, Refund
from payments.selectors import FEE_IS_NAMED_WITHIN

Kind = JournalItem.Kind
_PLACING = (PaymentAllocation.Kind.CREDIT, PaymentAllocation.Kind.CREDIT_NOTE, PaymentAllocation.Kind.UNALLOCATED)
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """One voucher to be, with the rows that it books. `document` and `receipt` are in the document's own currency."""

    kind: JournalItem.Kind
    subjects: Subjects
    organisation: Organisation
    booked: BookedDocument | BookedReceipt | BookedRefund
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
    return refund_voucher(booked, ledgers)


def waiting(books: Books) -> Iterator[Waiting]:
    """Everything to export, each kind in order of its days. Raises NotInRupees."""
    yield from _documents(books)
    yield from _void(books)
    yield from _receipts(books)
    yield from _reversed(books)
    yield from _refunds(books)
    yield from _failed_refunds(books)
    yield from _lost_disputes(books)
    yield from _disputes_won_late(books)


def fees_to_come(books: Books) -> int:
    """Receipts that wait because Razorpay has not named its fee yet."""
    return _payments(books, received=True).filter(_fee_is_to_come()).count()


def has_no_import(each: Waiting, program: str) -> bool:
    """Whether a person has to do in the program what a voucher says.

    Zoho Books imports documents, payments and refunds of credit notes: nothing that undoes what was imported, and no
    refund of a payment, as ours are. A commercial credit note would get into Zoho's GST returns, where it has no place.
    """
    if program != JournalBatch.Program.ZOHO:
        return False
    is_commercial = isinstance(each.booked, BookedDocument) and each.booked.is_commercial
    return is_commercial or each.kind not in (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT)


def _in_a_batch(books: Books, kind: JournalItem.Kind) -> Exists:
    return Exists(JournalItem.objects.filter(program=books.program, kind=kind, subject_id=OuterRef("pk")))


# --- documents ------------------------------------------------------------------------------------------------------


def _documents(books: Books) -> Iterator[Waiting]:
    invoices = (
        Invoice.objects.issued()
        .filter(billing_entity=books.seller, issue_date__range=(books.first, books.last))
        .exclude(_in_a_batch(books, Kind.INVOICE))
    )
    for invoice in _with_party(invoices.select_related("document").order_by("issue_date", "number", "pk")):
        document = InvoiceDocument.from_json(invoice.document.content)
        yield Waiting(Kind.INVOICE, (invoice.pk,), invoice.organisation, _booked(invoice, document), document)
    notes = CreditNote.objects.filter(billing_entity=books.seller, issue_date__range=(books.first, books.last)).exclude(
        _in_a_batch(books, Kind.CREDIT_NOTE)
    )
    for note in _with_party(notes.order_by("issue_date", "number", "pk")):
        document = InvoiceDocument.from_json(note.document)
        yield Waiting(Kind.CREDIT_NOTE, (note.pk,), note.organisation, _booked(note, document), document)


def _void(books: Books) -> Iterator[Waiting]:
    """Invoices that were made void after they had gone into the books."""
    begin, end = books.instants
    invoices = Invoice.objects.filter(
        _in_a_batch(books, Kind.INVOICE),
        billing_entity=books.seller,
        status=Invoice.Status.VOID,
        voided_at__gte=begin,
        voided_at__lt=end,
    ).exclude(_in_a_batch(books, Kind.VOID))
    for invoice in _with_party(invoices.select_related("document").order_by("voided_at", "pk")):
        booked = _booked(invoice, InvoiceDocument.from_json(invoice.document.content))
        day = invoice.voided_at.astimezone(books.zone).date()
        yield Waiting(Kind.VOID, (invoice.pk,), invoice.organisation, booked, day=day, reason=invoice.void_reason)


def _booked(row: Any, document: InvoiceDocument) -> BookedDocument:
    """An issued document in rupees: as it is, or by the values that were frozen with its exchange rate."""
    exchange = document.exchange
    if exchange is None and document.currency != BOOKS:
        raise NotInRupees(f"{document.number} is in {document.currency}, and has no value in rupees.")
    by_code: dict[str, Decimal] = {}
    for line in document.lines:
        by_code[line.sac] = by_code.get(line.sac, ZERO) + line.taxable_value
    taxes: dict[str, Decimal] = {}
    if exchange is None:
        for tax in document.taxes:
            taxes[tax.name] = taxes.get(tax.name, ZERO) + tax.amount
    else:
        by_code = dict(zip(by_code, settle(list(by_code.values()), exchange.taxable_amount), strict=True))
        taxes = {document.taxes[0].name: exchange.tax_total} if exchange.tax_total else {}
    return BookedDocument(
        id=row.pk,
        number=document.number,
        day=document.issue_date,
        party=party_name(row.organisation),
        sales=by_code,
        taxes=taxes,
        round_off=ZERO if exchange else document.round_off,
        total=exchange.total if exchange else document.total,
        invoice_number=document.credits.number if document.credits else "",
        is_commercial=isinstance(row, CreditNote) and row.kind == CreditNote.Kind.COMMERCIAL,
    )


def party_name(organisation: Organisation) -> str:
    """What the books call a customer."""
    ledger = getattr(organisation, "party_ledger", None)
    return ledger.name if ledger else organisation.name


def _with_party(rows: QuerySet[Any]) -> Iterator[Any]:
    return in_parts(rows.select_related("organisation__party_ledger"))


# --- money ----------------------------------------------------------------------------------------------------------


def _payments(books: Books, *, received: bool) -> QuerySet[Payment]:
    rows: QuerySet[Payment] = (
        Payment.objects.standing_between(books.first, books.last, books.zone)
        if received
        else Payment.objects.filter(status=Payment.Status.REVERSED)
    )
    return rows.filter(Q(invoice__billing_entity=books.seller) | Q(billing_entity=books.seller)).exclude(
        _in_a_batch(books, Kind.RECEIPT if received else Kind.REVERSAL)
    )


def _fee_is_to_come() -> Q:
    young = Q(paid_at__gt=clock.now() - FEE_IS_NAMED_WITHIN)
    return Q(kind=Payment.Kind.GATEWAY, fee__isnull=True) & young


def _receipts(books: Books) -> Iterator[Waiting]:
    """Money, and the tax withheld with it: what was recorded for one invoice and one day is one receipt."""
    rows = _payments(books, received=True).exclude(_fee_is_to_come())
    in_order = rows.order_by("invoice_id", "received_on", F("razorpay_payment_id").asc(nulls_first=True), "pk")
    for _, together in groupby(_with_bookings(in_order), key=_receipt_key):
        parts = list(together)
        booked, own = _receipt(books, parts, in_rupees=True), _receipt(books, parts, in_rupees=False)
        subjects = tuple(part.pk for part in parts)
        yield Waiting(Kind.RECEIPT, subjects, parts[0].organisation, booked, receipt=own, currency=parts[0].currency)


def _with_bookings(payments: QuerySet[Payment]) -> Iterator[Any]:
    related = payments.select_related("invoice", "organisation__party_ledger").prefetch_related("allocations__invoice")
    return in_parts(related.annotate(invoice_in_rupees=total_as_booked("invoice__document__content")))


def _receipt_key(payment: Payment) -> tuple[Any, ...]:
    """One transfer and its certificate share invoice and day. Each payment through Razorpay or on account stands
    alone."""
    return payment.invoice_id or payment.pk, payment.received_on, payment.razorpay_payment_id


def _reversed(books: Books) -> Iterator[Waiting]:
    begin, end = books.instants
    rows = _payments(books, received=False).filter(
        _in_a_batch(books, Kind.RECEIPT), reversed_at__gte=begin, reversed_at__lt=end
    )
    for payment in _with_bookings(rows.order_by("reversed_at", "pk")):
        yield Waiting(
            Kind.REVERSAL,
            (payment.pk,),
            payment.organisation,
            _receipt(books, [payment], in_rupees=True),
            day=payment.reversed_at.astimezone(books.zone).date(),
            reason=payment.reversal_reason,
        )


def _receipt(books: Books, parts: list[Any], *, in_rupees: bool) -> BookedReceipt:
    first = parts[0]

    def booked(amount: Decimal) -> Decimal:
        return _in_rupees(first, amount, first.invoice_in_rupees) if in_rupees else amount

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


def _in_rupees(payment: Payment, amount: Decimal, invoice_in_rupees: Decimal | None) -> Decimal:
    """An amount of a payment at the rate that its invoice was booked at: the whole total gives the whole value. On
    account it is at the last rate up to its day."""
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


def _refunds(books: Books) -> Iterator[Waiting]:
    rows = Refund.objects.filter(status=Refund.Status.PROCESSED, refunded_on__range=(books.first, books.last)).exclude(
        _in_a_batch(books, Kind.REFUND)
    )
    for refund in _refunds_of(books, rows):
        yield Waiting(Kind.REFUND, (refund.pk,), refund.payment.organisation, _refund(refund))


def _failed_refunds(books: Books) -> Iterator[Waiting]:
    """Razorpay calls a refund processed before the bank has accepted it: one that the books have may fail."""
    rows = Refund.objects.filter(_in_a_batch(books, Kind.REFUND), status=Refund.Status.FAILED).exclude(
        _in_a_batch(books, Kind.FAILED_REFUND)
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
    related = rows.filter(ours).select_related("payment__invoice", "payment__organisation__party_ledger")
    booked = related.annotate(invoice_in_rupees=total_as_booked("payment__invoice__document__content"))
    return in_parts(booked.order_by("refunded_on", "pk"))


def _refund(refund: Any) -> BookedRefund:
    payment = refund.payment
    return BookedRefund(
        id=refund.pk,
        number=f"RFND-{refund.pk.hex[:8].upper()}",
        day=refund.refunded_on,
        party=party_name(payment.organisation),
        amount=_in_rupees(payment, refund.amount, refund.invoice_in_rupees),
        invoice_number=payment.invoice.number if payment.invoice else "",
        through_gateway=refund.kind == Refund.Kind.GATEWAY,
    )


# --- disputes -------------------------------------------------------------------------------------------------------


def _lost_disputes(books: Books) -> Iterator[Waiting]:
    begin, end = books.instants
    rows = Dispute.objects.filter(amount_taken__gt=0, deducted_at__gte=begin, deducted_at__lt=end)
    for dispute in _disputes_of(books, rows.exclude(_in_a_batch(books, Kind.DISPUTE))):
        yield Waiting(Kind.DISPUTE, (dispute.pk,), dispute.payment.organisation, _lost(books, dispute))


def _disputes_won_late(books: Books) -> Iterator[Waiting]:
    begin, end = books.instants
    rows = Dispute.objects.filter(_in_a_batch(books, Kind.DISPUTE), returned_at__gte=begin, returned_at__lt=end)
    for dispute in _disputes_of(books, rows.exclude(_in_a_batch(books, Kind.DISPUTE_WON))):
        yield Waiting(
            Kind.DISPUTE_WON,
            (dispute.pk,),
            dispute.payment.organisation,
            _lost(books, dispute),
            day=dispute.returned_at.astimezone(books.zone).date(),
            reason="the dispute is won after all",
        )


def _disputes_of(books: Books, rows: QuerySet[Dispute]) -> Iterator[Any]:
    related = rows.filter(payment__invoice__billing_entity=books.seller).select_related(
        "payment__invoice", "payment__organisation__party_ledger"
    )
    booked = related.annotate(invoice_in_rupees=total_as_booked("payment__invoice__document__content"))
    return in_parts(booked.order_by("deducted_at", "pk"))


def _lost(books: Books, dispute: Any) -> BookedRefund:
    payment = dispute.payment
    return BookedRefund(
        id=dispute.pk,
        number=f"DISP-{dispute.pk.hex[:8].upper()}",
        day=dispute.deducted_at.astimezone(books.zone).date(),
        party=party_name(payment.organisation),
        amount=_in_rupees(payment.invoice, dispute.amount_taken, dispute.invoice_in_rupees),
        invoice_number=payment.invoice.number,
        through_gateway=True,
        why="Lost dispute",
    )


# --- the seller's ledgers -------------------------------------------------------------------------------------------


def books_of(seller: BillingEntity, program: str, first: date, last: date) -> Books:
    rows = list(LedgerName.objects.filter(billing_entity=seller))
    names = {LedgerRole(row.role): row.name for row in rows if row.role != LedgerRole.SALES}
    sales = {row.sac: row.name for row in rows if row.role == LedgerRole.SALES}
    return Books(seller, JournalBatch.Program(program).value, first, last, Ledgers(names, sales))
