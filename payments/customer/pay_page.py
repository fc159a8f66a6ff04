"""What the pay page shows: one value object per invoice, with the one sentence that says where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.documents import InvoiceDocument
from invoicing.models import CreditNote, Invoice
from invoicing.selectors.credit_notes import credit_notes_of
from invoicing.selectors.documents import invoice_document
from payments.errors import NotPayableOnline
from payments.models import Payment
from payments.selectors import why_not_collectable


@dataclass(frozen=True)
class Amount:
    label: str
    text: str


@dataclass(frozen=True)
class PayPage:
    seller: str
    seller_email: str
    seller_phone: str
    customer: str
    number: str
    period: str
    issue_date: date | None
    due_date: date | None
    amounts: tuple[Amount, ...]
    due: str
    state: str  # due | overdue | confirming | paid | refunded | credited | void | offline
    sentence: str
    has_pdf: bool
    bank: tuple[Amount, ...]
    credit_notes: tuple[CreditNote, ...]

    @property
    def is_payable(self) -> bool:
        return self.state in ("due", "overdue")


def pay_page(invoice: Invoice) -> PayPage:
    """What the page of an issued or void invoice shows. Names are those of the frozen document."""
    document = invoice_document(invoice)
    state, sentence = _state(invoice, document)
    return PayPage(
        seller=document.seller.name,
        seller_email=document.seller.email,
        seller_phone=document.seller.phone,
        customer=document.customer.name,
        number=invoice.number,
        period=invoice.period_label if invoice.period_start else "",
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        amounts=_amounts(invoice),
        due=format_money(invoice.amount_due, invoice.currency),
        state=state,
        sentence=sentence,
        has_pdf=state == "void" or (invoice.pdf_state == Invoice.PdfState.READY and bool(invoice.pdf)),
        bank=_bank(document),
        credit_notes=tuple(credit_notes_of(invoice)),
    )


def _state(invoice: Invoice, document: InvoiceDocument) -> tuple[str, str]:
    Status = Invoice.Status
    if invoice.status == Status.VOID:
        return "void", "This invoice has been cancelled. There is nothing to pay."
    if invoice.status == Status.CREDITED:
        return "credited", "This invoice has been credited in full. There is nothing to pay."
    if invoice.amount_due <= ZERO:
        if invoice.amount_returned > ZERO:
            return "refunded", "This invoice was paid, and money has been returned. There is nothing to pay."
        return "paid", "This invoice is paid in full. Thank you."
    if Payment.objects.filter(invoice=invoice, status=Payment.Status.AUTHORIZED).exists():
        return "confirming", "Your payment is being confirmed. This page will say so as soon as it is."
    known = why_not_collectable(invoice)
    if known is not None:
        return "offline", f"{_in_payers_words(known)}{_other_way(document)}"
    today = clock.today(invoice.organisation.time_zone)
    due = day_text(invoice.due_date) if invoice.due_date else "the due date"
    if invoice.is_overdue(today):
        return "overdue", f"This invoice was due on {due}. Please pay it now."
    return "due", f"Please pay by {due}."


def _in_payers_words(known: DomainError) -> str:
    return f"This amount can't be paid online. {known.message} " if isinstance(known, NotPayableOnline) else ""


def _other_way(document: InvoiceDocument) -> str:
    if document.transfer:
        return "Please pay by bank transfer and name the invoice number."
    return f"Please ask {document.seller.email} how to pay."


def _amounts(invoice: Invoice) -> tuple[Amount, ...]:
    rows = [
        ("Subtotal", invoice.subtotal, True),
        ("Discount", -invoice.discount_total, bool(invoice.discount_total)),
        ("Tax", invoice.tax_total, True),
        ("Round-off", invoice.round_off, bool(invoice.round_off)),
        ("Total", invoice.total, True),
        ("Credited", -invoice.amount_credited, bool(invoice.amount_credited)),
        ("Paid", -invoice.amount_paid, bool(invoice.amount_paid)),
        ("Paid and returned", -invoice.amount_returned, bool(invoice.amount_returned)),
    ]
    return tuple(Amount(label, format_money(amount, invoice.currency)) for label, amount, is_shown in rows if is_shown)


def _bank(document: InvoiceDocument) -> tuple[Amount, ...]:
    """How to pay by transfer, as on the document: for customers who can't or won't pay online."""
    return tuple(Amount(label, text) for label, text in document.transfer)
