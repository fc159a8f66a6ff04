"""E-mails about invoices and credit notes, from the frozen document: issued, and cancelled."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from invoicing.documents import AS_ISSUED, InvoiceDocument, Stage, Standing
from invoicing.models import CreditNote, Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.selectors.pages import email_of
from organisations.models import Notification
from organisations.notifications.outbox import Attachment, queue_email


def invoice_emails(invoice: Invoice) -> QuerySet[Notification]:
    """The e-mails with the invoice, oldest first."""
    return Notification.objects.filter(
        organisation_id=invoice.organisation_id,
        kind="invoice_issued",
        dedupe_key__startswith=f"invoice_issued:{invoice.pk}",
    ).order_by("created_at")


def queue_invoice_email(invoice: Invoice, *, to: list[str]) -> Notification:
    """Queue an e-mail with the invoice's PDF. Each call queues one more; the caller holds the invoice's lock."""
    document = invoice_document(invoice)
    before = invoice_emails(invoice).count()
    return queue_email(
        organisation=invoice.organisation,
        kind="invoice_issued",
        dedupe_key=f"invoice_issued:{invoice.pk}" + (f":{before + 1}" if before else ""),
        recipients=to,
        sender=document.seller.email,
        template="invoicing/invoice_issued",
        context={
            "document": document,
            "total": document.money(document.total),
            "is_due": invoice.amount_due > 0,
            "pay_url": document.pay_url,
        },
        html=email_of(document, _standing_of(invoice, document)),
        attachments=[Attachment(str(invoice.pdf.name), document.filename, "application/pdf", invoice.pdf_sha256)],
    )


def _standing_of(invoice: Invoice, document: InvoiceDocument) -> Standing:
    """What an e-mail says of paying: the invoice may be mailed again when some of it is paid."""
    if invoice.amount_due == document.total:
        return AS_ISSUED
    if invoice.amount_due > 0:
        return Standing(Stage.PARTLY_PAID, due=invoice.amount_due)
    return Standing(Stage.NOTHING_DUE, due=invoice.amount_due, note="Nothing is due on this invoice.")


def credit_note_emails(note: CreditNote) -> QuerySet[Notification]:
    """The e-mails with the credit note, oldest first."""
    return Notification.objects.filter(
        organisation_id=note.organisation_id, dedupe_key__startswith=f"credit_note_issued:{note.pk}"
    ).order_by("created_at")


def queue_credit_note_email(note: CreditNote, *, to: list[str]) -> Notification:
    """Queue an e-mail with the note's PDF. Each call queues one more; the caller holds the note's lock."""
    document = InvoiceDocument.from_json(note.document)
    before = credit_note_emails(note).count()
    return queue_email(
        organisation=note.organisation,
        kind="credit_note_issued",
        dedupe_key=f"credit_note_issued:{note.pk}" + (f":{before + 1}" if before else ""),
        recipients=to,
        sender=document.seller.email,
        template="invoicing/credit_note_issued",
        context={
            "document": document,
            "total": document.money(document.total),
            "due": document.money(note.invoice.amount_due),
            "is_due": note.invoice.amount_due > 0,
            "pay_url": invoice_document(note.invoice).pay_url,
        },
        html=email_of(document, AS_ISSUED),
        attachments=[Attachment(str(note.pdf.name), document.filename, "application/pdf", note.pdf_sha256)],
    )


def cancellation_addresses(invoice: Invoice) -> list[str]:
    """The addresses that the invoice was sent to, or will be sent to: they get the e-mail about a void invoice.

    E-mails that were given up count as not sent.
    """
    sent = invoice_emails(invoice).exclude(status=Notification.Status.FAILED)
    return sorted({address for note in sent for address in note.recipients})


def queue_cancellation_email(invoice: Invoice) -> Notification | None:
    """Queue one e-mail that says that the invoice is cancelled. None if the invoice was never sent."""
    recipients = cancellation_addresses(invoice)
    if not recipients or invoice.voided_at is None:
        return None
    document = invoice_document(invoice)
    return queue_email(
        organisation=invoice.organisation,
        kind="invoice_cancelled",
        dedupe_key=f"invoice_cancelled:{invoice.pk}",
        recipients=recipients,
        sender=document.seller.email,
        template="invoicing/invoice_cancelled",
        context={
            "document": document,
            "total": document.money(document.total),
            "cancelled_on": invoice.voided_at.astimezone(ZoneInfo(invoice.billing_entity.time_zone)).date(),
            "reason": invoice.void_reason,
            "page_url": document.pay_url,
        },
    )
