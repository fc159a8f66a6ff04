"""E-mails about invoices, from the frozen document."""

from __future__ import annotations

from invoicing.models import Invoice
from invoicing.selectors import invoice_document
from organisations.models import Notification
from organisations.notifications.outbox import Attachment, queue_email


def queue_invoice_email(invoice: Invoice) -> Notification:
    """The invoice with its PDF, once per invoice whoever asks how often."""
    document = invoice_document(invoice)
    return queue_email(
        organisation=invoice.organisation,
        kind="invoice_issued",
        dedupe_key=f"invoice_issued:{invoice.pk}",
        recipients=[invoice.customer["email"]],
        sender=document.seller.email,
        template="invoicing/invoice_issued",
        context={
            "document": document,
            "total": document.money(document.total),
            "is_due": invoice.amount_due > 0,
            "pay_url": document.pay_url,
        },
        attachments=[Attachment(str(invoice.pdf.name), document.filename, "application/pdf")],
    )
