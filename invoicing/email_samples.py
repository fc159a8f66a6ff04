"""Samples of the e-mails about invoices and credit notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from invoicing.documents import AS_ISSUED, InvoiceDocument
from invoicing.documents.samples import CREDIT_NOTE, INVOICE
from invoicing.emails import credit_note_words, invoice_words
from invoicing.models import CreditNote
from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

WHEN = {
    "invoice_issued": "When an invoice is issued and its PDF is made; again when somebody sends it.",
    "credit_note_issued": "When a credit note is issued and its PDF is made; again when somebody sends it.",
    "invoice_cancelled": "When an invoice is voided that somebody was sent.",
    "question_answered": "When somebody answers a customer’s question about an invoice.",
}


def samples(brand: Brand) -> Samples:
    invoice, note = of_seller(INVOICE, brand), of_seller(CREDIT_NOTE, brand)
    if note.credits is not None:
        note = replace(note, credits=replace(note.credits, reason=str(CreditNote.Reason.DEFICIENCY.label)))
    return {
        "invoice_issued": invoice_words(invoice, AS_ISSUED),
        "credit_note_issued": credit_note_words(note, due=Decimal("20768.00"), pay_url=INVOICE.pay_url),
        "invoice_cancelled": {
            "document": invoice,
            "total": invoice.money(invoice.total),
            "cancelled_on": date(2026, 11, 5),
            "reason": "Issued twice by mistake.",
            "page_url": invoice.pay_url,
        },
        "question_answered": {
            "customer": invoice.customer.name,
            "number": invoice.number,
            "line": invoice.lines[0].description,
            "question": "Why are there more calls than last month?",
            "answer": ["Your project Checkout sent them from 3 October on: the line’s explanation shows each day."],
            "page_url": invoice.pay_url,
        },
    }


def of_seller(document: InvoiceDocument, brand: Brand) -> InvoiceDocument:
    return replace(document, seller=replace(document.seller, name=brand.name))


EXPLAINED = Explained(WHEN, samples)
