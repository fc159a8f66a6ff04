"""E-mails about payments: the receipt, and the failed attempt. Each at most once per payment."""

from __future__ import annotations

from typing import Any

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.emails import queue_about
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document, pay_page_url
from organisations.models import Notification
from payments.models import Payment


def queue_payment_received(payment: Payment, invoice: Invoice) -> None:
    """The receipt, with what is still due. `invoice` is as it stands after the payment was credited."""
    remaining = invoice.amount_due
    context = {
        "is_tds": payment.kind == Payment.Kind.TDS,
        "payer_fee": format_money(payment.payer_fee, payment.currency) if payment.payer_fee > ZERO else "",
        "remaining": format_money(remaining, invoice.currency) if remaining > ZERO else "",
        "unallocated": format_money(payment.unallocated, payment.currency) if payment.unallocated > ZERO else "",
        "is_void": invoice.status == Invoice.Status.VOID,
    }
    _queue("payment_received", payment, invoice, context)


def queue_payment_reversed(payment: Payment, invoice: Invoice) -> None:
    """Tell a customer that an earlier receipt is no longer valid."""
    if Notification.objects.filter(dedupe_key=f"payment_received:{payment.pk}").exists():
        due = format_money(invoice.amount_due, invoice.currency) if invoice.is_collectable else ""
        _queue("payment_reversed", payment, invoice, {"is_tds": payment.kind == Payment.Kind.TDS, "due": due})


def queue_payment_failed(payment: Payment) -> None:
    """Tell the payer that the attempt failed, in Razorpay's words; not once the invoice is paid another way."""
    invoice = payment.invoice
    if Invoice.objects.collectable().filter(pk=invoice.pk).exists():
        context = {"reason": payment.error_description, "due": format_money(invoice.amount_due, invoice.currency)}
        _queue("payment_failed", payment, invoice, context)


def _queue(kind: str, payment: Payment, invoice: Invoice, context: dict[str, Any]) -> None:
    organisation, document = invoice.organisation, invoice_document(invoice)
    queue_about(
        document,
        organisation=organisation,
        kind=kind,
        dedupe_key=f"{kind}:{payment.pk}",
        recipients=[organisation.billing_email],
        sender=invoice.billing_entity.email,  # as it is now: an answer is read
        template=f"payments/{kind}",
        context={
            "number": invoice.number,
            "customer": document.customer.name,
            "seller": document.seller.name,
            "amount": format_money(payment.amount - payment.payer_fee, payment.currency),
            "method": payment.get_method_display_name(),
            "reference": payment.razorpay_payment_id or payment.reference,
            "date": payment.received_day,
            "pay_url": pay_page_url(invoice),
            **context,
        },
    )
