"""How invoices, credit notes and payments stand in the portal's lists."""

from __future__ import annotations

from datetime import date
from typing import Any

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_money
from invoicing.models import CreditNote, Invoice
from payments.customer.portal.access import Portal
from payments.models import Payment

Status = Invoice.Status


def invoice_row(portal: Portal, invoice: Invoice, today: date) -> dict[str, Any]:
    label, tone = _state(invoice, today)
    return {
        "number": invoice.number,
        "about": invoice.period_label if invoice.period_start else "One-off",
        "issued": day_text(invoice.issue_date) if invoice.issue_date else "",
        "due_on": day_text(invoice.due_date) if invoice.due_date else "",
        "total": format_money(invoice.total, invoice.currency),
        "due": format_money(invoice.amount_due, invoice.currency) if invoice.is_collectable else "",
        "state": label,
        "tone": tone,
        "is_void": invoice.status == Status.VOID,
        "url": portal.address("portal_invoice", invoice_id=invoice.pk),
        "pay_url": portal.address("portal_pay", invoice_id=invoice.pk) if invoice.is_collectable else "",
        "pdf_url": portal.address("portal_invoice_pdf", invoice_id=invoice.pk),
        "pk": invoice.pk,
    }


def note_row(portal: Portal, note: CreditNote) -> dict[str, Any]:
    return {
        "number": note.number,
        "about": f"For {note.invoice.number}",
        "issued": day_text(note.issue_date),
        "total": format_money(note.total, note.currency),
        "pdf_url": portal.address("portal_credit_note", note_id=note.pk),
    }


def payment_row(portal: Portal, payment: Payment) -> dict[str, Any]:
    return {
        "day": day_text(payment.received_day),
        "method": payment.get_method_display_name(),
        "about": payment.invoice.number if payment.invoice else "On account",
        "amount": payment.shown(payment.amount - payment.payer_fee),
        "receipt_url": portal.address("portal_receipt", payment_id=payment.pk),
    }


def _state(invoice: Invoice, today: date) -> tuple[str, str]:
    """In the words of whoever pays, and the tone of its badge."""
    if invoice.status == Status.VOID:
        return "Cancelled", "bad"
    if invoice.is_collectable:
        if invoice.is_overdue(today):
            return "Overdue", "warn"
        return ("Partly paid", "plain") if invoice.amount_paid else ("To pay", "plain")
    known = {Status.CREDITED: "Credited", Status.REFUNDED: "Refunded", Status.PARTIALLY_REFUNDED: "Partly refunded"}
    label = known.get(Status(invoice.status))
    return (label, "plain") if label else ("Paid", "good")
