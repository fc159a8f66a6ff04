"""The receipt of a payment as a PDF on the seller's paper: how much came in, and which invoices it is credited to.

A receipt is made whenever it is asked for, from the payment as it stands: one that was reversed says so across the
page. It has no number of its own: Razorpay's id or the UTR names the payment.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.money import ZERO, Money
from billing_platform.lib.number_formats import format_money
from invoicing.documents.amounts_in_words import amount_in_words
from invoicing.documents.letterhead import PrintedTable
from invoicing.documents.payment_receipt import PrintedReceipt, render_receipt
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.services.stored_pdfs import read_logo
from payments.emails import file_part
from payments.models import Payment

COLUMNS = (("Invoice", 28), ("Date", 22), ("Credited", 25), ("Still due", 25))
NO_INVOICE = "This is no tax invoice."
AFTER_INVOICE = (
    "This is no tax invoice: the invoice is. GST asks for no receipt voucher (CGST Rule 50), since the invoice was"
    " issued before the payment."
)


def has_receipt(payment: Payment) -> bool:
    """Money of it arrived, or tax was withheld; afterwards it may have been reversed or given back."""
    return payment.paid_at is not None and payment.invoice_id is not None


def receipt_pdf(payment: Payment, *, seen_from: Invoice | None = None) -> tuple[str, bytes]:
    """File name and content. Raises FontMissing where this machine has no font for a script.

    `seen_from`: for who holds the link of this one invoice; other invoices are named only as such.
    """
    printed = receipt_of(payment, seen_from=seen_from)
    name = f"receipt-{file_part(printed.reference) or payment.pk}.pdf"
    return name, render_receipt(printed, logo=read_logo(invoice_document(payment.asked_for).logo))


def receipt_content(payment_id: str) -> bytes:
    """For an e-mail that is being sent."""
    payment = Payment.objects.select_related("invoice", "organisation").get(pk=UUID(payment_id))
    return receipt_pdf(payment)[1]


def receipt_of(payment: Payment, *, seen_from: Invoice | None = None) -> PrintedReceipt:
    document = invoice_document(payment.asked_for)
    is_tds = payment.kind == Payment.Kind.TDS
    asked = payment.amount - payment.payer_fee
    reference = payment.razorpay_payment_id or payment.reference
    facts = (
        ("Recorded on" if is_tds else "Received on", day_text(payment.received_day)),
        ("Method", payment.get_method_display_name()),
        ("Reference", reference),
        ("In words", amount_in_words(Money(asked, payment.currency))),
        ("Payment fee on top", payment.shown(payment.payer_fee) if payment.payer_fee else ""),
        ("Given back", payment.shown(payment.amount_refunded) if payment.amount_refunded else ""),
    )
    return PrintedReceipt(
        title="TDS receipt" if is_tds else "Payment receipt",
        seller=document.seller,
        customer=document.customer,
        reference=reference,
        day=payment.received_day,
        amount=payment.shown(asked),
        facts=facts,
        credited=_credited(payment, seen_from),
        note=AFTER_INVOICE if document.charges_gst and payment.allocated > ZERO else NO_INVOICE,
        brand_colour=document.brand_colour,
        stamp=_stamp(payment),
    )


def _stamp(payment: Payment) -> str:
    if payment.status == Payment.Status.REVERSED:
        return "REVERSED"
    return "REFUNDED" if payment.status == Payment.Status.REFUNDED else ""


def _credited(payment: Payment, seen_from: Invoice | None) -> PrintedTable | None:
    """A row for each invoice, and what is left over."""
    sums: dict[Invoice, Decimal] = defaultdict(Decimal)
    for row in payment.allocations.select_related("invoice").order_by("created_at"):
        sums[row.invoice] += row.amount
    rows, elsewhere = [], ZERO
    for invoice, amount in sums.items():
        if seen_from is not None and invoice != seen_from:
            elsewhere += amount
        elif amount:
            rows.append(_row(invoice, amount))
    rows += [("Other invoices", "", payment.shown(elsewhere), "")] if elsewhere else []
    rows += [("Not credited yet", "", payment.shown(payment.unallocated), "")] if payment.unallocated else []
    return PrintedTable("Credited to", COLUMNS, rows, 2) if rows else None


def _row(invoice: Invoice, amount: Decimal) -> tuple[str, ...]:
    due = format_money(invoice.amount_due, invoice.currency)
    issued = day_text(invoice.issue_date) if invoice.issue_date else ""
    return invoice.number, issued, format_money(amount, invoice.currency), due
