"""Issued documents that no batch has taken yet, and invoices that were made void since one took them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from billing_platform.lib.money import ZERO
from invoicing.documents import InvoiceDocument
from invoicing.models import CreditNote, Invoice
from invoicing.rates import BOOKS
from invoicing.returns.rounding import settle
from payments.accounts.vouchers import BookedDocument
from payments.models import JournalItem
from payments.services.journals.books import Books, NotInRupees, Waiting, in_a_batch, party_name, with_party

Kind = JournalItem.Kind


def documents(books: Books) -> Iterator[Waiting]:
    invoices = (
        Invoice.objects.issued()
        .filter(billing_entity=books.seller, issue_date__range=(books.first, books.last))
        .exclude(in_a_batch(books, Kind.INVOICE))
    )
    for invoice in with_party(invoices.select_related("document").order_by("issue_date", "number", "pk")):
        document = InvoiceDocument.from_json(invoice.document.content)
        yield Waiting(Kind.INVOICE, (invoice.pk,), invoice.organisation, _booked(invoice, document), document)
    notes = CreditNote.objects.filter(billing_entity=books.seller, issue_date__range=(books.first, books.last)).exclude(
        in_a_batch(books, Kind.CREDIT_NOTE)
    )
    for note in with_party(notes.order_by("issue_date", "number", "pk")):
        document = InvoiceDocument.from_json(note.document)
        yield Waiting(Kind.CREDIT_NOTE, (note.pk,), note.organisation, _booked(note, document), document)


def void_invoices(books: Books) -> Iterator[Waiting]:
    """Invoices that were made void after they had gone into the books."""
    begin, end = books.instants
    invoices = Invoice.objects.filter(
        in_a_batch(books, Kind.INVOICE),
        billing_entity=books.seller,
        status=Invoice.Status.VOID,
        voided_at__gte=begin,
        voided_at__lt=end,
    ).exclude(in_a_batch(books, Kind.VOID))
    for invoice in with_party(invoices.select_related("document").order_by("voided_at", "pk")):
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
