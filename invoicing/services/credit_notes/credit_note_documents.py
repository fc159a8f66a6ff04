"""The document of a credit note: the frozen document of its invoice, with what the note takes back."""

from __future__ import annotations

from dataclasses import replace

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.money import ZERO, Money
from billing_platform.lib.number_formats import format_money
from invoicing.computing.credit_notes import Note, NoteLine
from invoicing.documents import (
    BankDetails,
    CreditedInvoice,
    DocumentLine,
    DocumentTax,
    ExchangeNote,
    InvoiceDocument,
)
from invoicing.documents.amounts_in_words import amount_in_words
from invoicing.gst_heads import SupplyKind
from invoicing.models import CreditNote

_COMMERCIAL = "Commercial credit note: it does not change the tax of the invoice (CGST Act, section 34)."
_COMMERCIAL_ABROAD = "Commercial credit note: it does not change the tax of the invoice."


def build_document(note: CreditNote, computed: Note, invoice: InvoiceDocument) -> InvoiceDocument:
    """Seller, customer, place of supply, heads and exchange rate are those of the invoice (rule 53 (1A))."""
    is_tax_invoice = invoice.supply_kind != SupplyKind.NO_GST or bool(invoice.taxes)
    without_tax = is_tax_invoice and note.kind == CreditNote.Kind.COMMERCIAL
    return replace(
        invoice,
        title="Commercial Credit Note" if without_tax else "Credit Note",
        number=note.number,
        issue_date=note.issue_date,
        due_date=None,
        lines=_lines(computed, invoice),
        taxes=tuple(DocumentTax(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in computed.taxes),
        subtotal=computed.subtotal,
        discount_total=ZERO,
        tax_total=computed.tax_total,
        round_off=computed.round_off,
        total=computed.total,
        total_in_words=amount_in_words(Money(computed.total, computed.currency)),
        endorsement="" if without_tax else invoice.endorsement,
        lut_number="" if without_tax else invoice.lut_number,
        exchange=_exchange(computed, invoice.exchange),
        bank=BankDetails(),
        pay_url="",
        notes="",
        payment_terms="",
        tax_note="Tax (not credited)" if without_tax else invoice.tax_note,
        credits=CreditedInvoice(
            number=invoice.number,
            issue_date=invoice.issue_date,
            reason=note.reason_in_full,
            remark=_remark(computed, invoice, without_tax=without_tax),
        ),
    )


def _remark(computed: Note, invoice: InvoiceDocument, *, without_tax: bool) -> str:
    if without_tax:
        return _COMMERCIAL if invoice.supply_kind != SupplyKind.NO_GST else _COMMERCIAL_ABROAD
    return " ".join(filter(None, [_of_commercial_notes(computed), _input_tax_credit(invoice)]))


def _of_commercial_notes(computed: Note) -> str:
    if not computed.taxed_before:
        return ""
    value = format_money(computed.taxed_before, computed.currency)
    return f"It also takes back the tax on {value}, which commercial credit notes took back without tax."


def _input_tax_credit(invoice: InvoiceDocument) -> str:
    if invoice.customer.gstin and invoice.tax_total:
        day = day_text(invoice.issue_date)
        return f"Please reverse the input tax credit that you took on invoice {invoice.number} of {day} for this value."
    return ""


def _lines(computed: Note, invoice: InvoiceDocument) -> tuple[DocumentLine, ...]:
    printed = {line.position: line for line in invoice.lines}
    return tuple(_line(line, printed[line.position]) for line in computed.lines)


def _line(line: NoteLine, printed: DocumentLine) -> DocumentLine:
    """Named as on the invoice, with the invoice's line number; without its working, which explains another amount."""
    return replace(
        printed,
        quantity=line.quantity,
        unit_price=None,
        amount=line.amount,
        tax_rate=printed.tax_rate if line.taxes else ZERO,
        tax_amount=sum((tax.amount for tax in line.taxes), ZERO),
        steps=(),
    )


def _exchange(computed: Note, original: ExchangeNote | None) -> ExchangeNote | None:
    books = computed.in_rupees
    if original is None or books is None:
        return None
    return replace(original, taxable_amount=books.taxable_amount, tax_total=books.tax_total, total=books.total)
