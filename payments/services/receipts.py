"""The receipt of a payment as a PDF on the seller's paper: how much came in, and which invoices it is credited to.

A receipt is made whenever it is asked for, from the payment as it stands: one that was reversed says so across the
page. It has no number of its own: Razorpay's id or the UTR names the payment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.money import ZERO, Money
from billing_platform.lib.number_formats import format_money
from invoicing.documents import DocumentParty
from invoicing.documents.amounts_in_words import amount_in_words
from invoicing.documents.letterhead import PrintedTable
from invoicing.documents.payment_receipt import PrintedReceipt, render_receipt
from invoicing.gst_heads import SupplyKind
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.services.stored_pdfs import read_logo
from payments.emails import receipt_name
from payments.models import Payment
from payments.services.parties import customer_today, seller_today

COLUMNS = (("Invoice", 28), ("Date", 22), ("Credited", 25), ("Still due", 25))
NO_INVOICE = "This is no tax invoice."
AFTER_INVOICE = (
    "This is no tax invoice: the invoice is. GST asks for no receipt voucher (CGST Rule 50), since the invoice was"
    " issued before the payment."
)


def has_receipt(payment: Payment) -> bool:
    """Money of it arrived, or tax was withheld; afterwards it may have been reversed or given back."""
    return payment.paid_at is not None


def receipt_pdf(payment: Payment, *, seen_from: Invoice | None = None) -> tuple[str, bytes]:
    """File name and content. Raises FontMissing where this machine has no font for a script.

    `seen_from`: for who holds the link of this one invoice; other invoices are named only as such.
    """
    return receipt_name(payment), render_receipt(receipt_of(payment, seen_from=seen_from), logo=_paper(payment).logo)


def receipt_content(payment_id: str) -> bytes:
    """For an e-mail that is being sent."""
    payment = Payment.objects.select_related("invoice", "organisation").get(pk=UUID(payment_id))
    return receipt_pdf(payment)[1]


def receipt_of(payment: Payment, *, seen_from: Invoice | None = None) -> PrintedReceipt:
    is_tds = payment.kind == Payment.Kind.TDS
    asked = payment.amount - payment.payer_fee
    paper = _paper(payment)
    facts = (
        ("Recorded on" if is_tds else "Received on", day_text(payment.received_day)),
        ("Method", payment.get_method_display_name()),
        ("Reference", payment.named_by),
        ("In words", amount_in_words(Money(asked, payment.currency))),
        ("Payment fee on top", payment.shown(payment.payer_fee) if payment.payer_fee else ""),
        ("Given back", payment.shown(payment.amount_refunded) if payment.amount_refunded else ""),
    )
    credited = _credited(payment)
    return PrintedReceipt(
        title="TDS receipt" if is_tds else "Payment receipt",
        seller=paper.seller,
        customer=paper.customer,
        reference=payment.named_by,
        day=payment.received_day,
        amount=payment.shown(asked),
        facts=facts,
        credited=_table(payment, credited, seen_from),
        note=AFTER_INVOICE if _needs_no_voucher(payment, credited) else NO_INVOICE,
        brand_colour=paper.colour,
        stamp=_stamp(payment),
    )


@dataclass(frozen=True, slots=True)
class _Paper:
    seller: DocumentParty
    customer: DocumentParty
    colour: str
    logo_name: str

    @property
    def logo(self) -> bytes | None:
        return read_logo(self.logo_name)


def _paper(payment: Payment) -> _Paper:
    """The invoice's frozen parties; of money on account, which has no document, the parties as they are today."""
    if payment.invoice is not None:
        document = invoice_document(payment.invoice)
        return _Paper(document.seller, document.customer, document.brand_colour, document.logo)
    seller = payment.seller
    colour, logo = seller.brand_colour, seller.logo.name or ""
    return _Paper(seller_today(seller), customer_today(payment.organisation), colour, logo)


def _needs_no_voucher(payment: Payment, credited: Mapping[Invoice, Decimal]) -> bool:
    """All of it paid invoices under GST that were issued by its day: none of it was an advance."""
    return (
        bool(credited)
        and not payment.unallocated
        and all(
            invoice.supply_kind != SupplyKind.NO_GST
            and invoice.issue_date is not None
            and invoice.issue_date <= payment.received_day
            for invoice in credited
        )
    )


def _stamp(payment: Payment) -> str:
    if payment.status == Payment.Status.REVERSED:
        return "REVERSED"
    return "REFUNDED" if payment.status == Payment.Status.REFUNDED else ""


def _credited(payment: Payment) -> dict[Invoice, Decimal]:
    """What is credited to each invoice now, the invoice that was credited first before the others."""
    sums: dict[Invoice, Decimal] = defaultdict(Decimal)
    for row in payment.allocations.select_related("invoice").order_by("created_at"):
        sums[row.invoice] += row.amount
    return {invoice: amount for invoice, amount in sums.items() if amount}


def _table(payment: Payment, credited: Mapping[Invoice, Decimal], seen_from: Invoice | None) -> PrintedTable | None:
    """A row for each invoice, and what is left over."""
    rows, elsewhere = [], ZERO
    for invoice, amount in credited.items():
        if seen_from is not None and invoice != seen_from:
            elsewhere += amount
        else:
            rows.append(_row(invoice, amount))
    left = "On account, for later invoices" if payment.invoice is None else "Not credited yet"
    rows += [("Other invoices", "", payment.shown(elsewhere), "")] if elsewhere else []
    rows += [(left, "", payment.shown(payment.unallocated), "")] if payment.unallocated else []
    return PrintedTable("Credited to", COLUMNS, rows, 2) if rows else None


def _row(invoice: Invoice, amount: Decimal) -> tuple[str, ...]:
    due = format_money(invoice.amount_due, invoice.currency)
    issued = day_text(invoice.issue_date) if invoice.issue_date else ""
    return invoice.number, issued, format_money(amount, invoice.currency), due
