"""What the pay page shows: one value object per invoice, with the one sentence that says where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet, Sum

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text, time_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.documents import InvoiceDocument
from invoicing.models import CreditNote, Invoice
from invoicing.selectors.credit_notes import credit_notes_of
from invoicing.selectors.documents import invoice_document
from payments.errors import BeingDebited, NotPayableOnline
from payments.models import Payment, PaymentAllocation
from payments.selectors import credit_of, why_not_collectable, with_unallocated
from payments.services.dunning.quiet import live_debit
from payments.services.mandates.choosing import may_ask_for_mandate


@dataclass(frozen=True)
class Amount:
    label: str
    text: str


@dataclass(frozen=True)
class Received:
    """A payment with its receipt, and what of it went back: `Amount`s that name the day."""

    payment: Payment
    amount: str
    refunds: tuple[Amount, ...]


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
    state: str  # due | overdue | confirming | debited | paid | refunded | credited | void | offline
    sentence: str
    has_pdf: bool
    bank: tuple[Amount, ...]
    credit_notes: tuple[CreditNote, ...]
    receipts: tuple[Received, ...]
    on_account: str  # money of the customer that is credited to no invoice yet; "" if there is none
    upi_url: str  # what a UPI app reads; "" where UPI can't pay
    upi_id: str
    debit: str  # that a debit is announced, as a sentence
    offers_mandate: bool

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
        receipts=tuple(map(_received, receipts_of(invoice))),
        on_account=_on_account(invoice),
        upi_url=document.upi_url(invoice.amount_due) if state in ("due", "overdue", "offline") else "",
        upi_id=document.bank.upi_id,
        debit=_debit(invoice),
        offers_mandate=may_ask_for_mandate(invoice),
    )


def receipts_of(invoice: Invoice) -> QuerySet[Payment]:
    """The payments that stand and were made for the invoice or are credited to it now, oldest first."""
    credited = PaymentAllocation.objects.filter(invoice=invoice).order_by().values("payment")
    about = Q(invoice=invoice) | Q(pk__in=credited.annotate(sum=Sum("amount")).filter(sum__gt=0).values("payment"))
    rows = Payment.objects.received().filter(about, organisation=invoice.organisation_id)
    return rows.select_related("invoice", "organisation", "billing_entity").order_by("attempted_at")


def _on_account(invoice: Invoice) -> str:
    """What this invoice's seller has of the customer. Only while something is due: then it says why the customer may
    wait with a transfer."""
    if invoice.amount_due <= ZERO:
        return ""
    seller = invoice.billing_entity_id
    theirs = Q(billing_entity=seller) | Q(invoice__billing_entity=seller)
    credit = credit_of(invoice.organisation_id).filter(theirs, currency=invoice.currency)
    total = with_unallocated(credit).aggregate(total=Sum("not_credited"))["total"]
    return format_money(total, invoice.currency) if total else ""


def _state(invoice: Invoice, document: InvoiceDocument) -> tuple[str, str]:
    Status = Invoice.Status
    if invoice.status == Status.VOID:
        return "void", "This invoice has been cancelled. There is nothing to pay."
    if invoice.status == Status.CREDITED:
        return "credited", "This invoice has been credited in full. There is nothing to pay."
    if invoice.amount_due <= ZERO:
        if invoice.amount_refunded > ZERO:
            return "refunded", "This invoice was paid, and money has been returned. There is nothing to pay."
        return "paid", "This invoice is paid in full. Thank you."
    payments = Payment.objects.filter(invoice=invoice)
    if payments.filter(status=Payment.Status.AUTHORIZED).exists() or payments.waiting_for_fee().exists():
        return "confirming", "Your payment is being confirmed. This page will say so as soon as it is."
    known = why_not_collectable(invoice)
    if isinstance(known, BeingDebited):
        return (
            "debited",
            "This invoice is being debited by your mandate. You need to do nothing; your bank answers within days.",
        )
    if known is not None:
        return "offline", f"{_in_payers_words(known)}{_other_way(document)}"
    today = clock.today(invoice.organisation.time_zone)
    due = day_text(invoice.due_date) if invoice.due_date else "the due date"
    if invoice.is_overdue(today):
        return "overdue", f"This invoice was due on {due}. Please pay it now."
    return "due", f"Please pay by {due}."


def _debit(invoice: Invoice) -> str:
    charge = live_debit(invoice)
    if charge is None or not charge.may_opt_out or charge.charge_after is None:
        return ""
    amount, at = format_money(charge.amount, invoice.currency), time_text(charge.charge_after, INDIAN_TIME)
    return f"{amount} will be debited from {charge.mandate} after {at}. If you pay now, it is not."


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


def _received(payment: Payment) -> Received:
    refunds = tuple(
        Amount(
            f"{day_text(row.refunded_on)} · {'Returned' if row.status == 'processed' else 'On its way back'}",
            payment.shown(-row.amount),
        )
        for row in payment.refunds.exclude(status="failed").order_by("created_at")
    )
    return Received(payment, payment.shown(payment.amount - payment.payer_fee), refunds)
