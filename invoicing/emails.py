"""E-mails about invoices and credit notes, from the frozen document: issued, and cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from billing_platform.lib.money import ZERO
from invoicing.documents import AS_ISSUED, InvoiceDocument, Stage, Standing
from invoicing.documents.cleaning import LOGO_OF_EMAIL
from invoicing.models import CreditNote, Invoice, QuestionMessage
from invoicing.selectors.documents import invoice_document, pay_page_url
from invoicing.selectors.pages import email_of
from organisations.models import Notification
from organisations.notifications.branding import Brand, foot_lines, logo_of
from organisations.notifications.outbox import Attachment, queue_email
from organisations.notifications.recipients import recipients as recipients_of
from organisations.notifications.rendering import Language, render_letter
from organisations.notifications.sending_again import see_to
from organisations.notifications.tracking import have_it


def emails_of(issued: Invoice | CreditNote) -> QuerySet[Notification]:
    """The e-mails with the invoice or the credit note, oldest first."""
    kind = kind_of(issued)
    return Notification.objects.filter(
        organisation_id=issued.organisation_id, kind=kind, dedupe_key__startswith=f"{kind}:{issued.pk}"
    ).order_by("created_at")


def queue_invoice_email(invoice: Invoice, *, to: list[str]) -> Notification:
    """Queue an e-mail with the invoice's PDF. Each call queues one more; the caller holds the invoice's lock."""
    document = _with_open_link(invoice, invoice_document(invoice))
    standing = _standing_of(invoice, document)
    return _queue_issued(invoice, document, invoice_words(document, standing), standing, to)


def queue_credit_note_email(note: CreditNote, *, to: list[str]) -> Notification:
    """Queue an e-mail with the note's PDF. Each call queues one more; the caller holds the note's lock."""
    document = InvoiceDocument.from_json(note.document)
    words = credit_note_words(document, due=note.invoice.amount_due, pay_url=pay_page_url(note.invoice))
    return _queue_issued(note, document, words, AS_ISSUED, to)


def _queue_issued(
    issued: Invoice | CreditNote, document: InvoiceDocument, words: dict[str, Any], standing: Standing, to: list[str]
) -> Notification:
    earlier = list(emails_of(issued))
    kind, before = kind_of(issued), len(earlier)
    see_to(earlier)
    return queue_about(
        document,
        organisation=issued.organisation,
        kind=kind,
        dedupe_key=f"{kind}:{issued.pk}" + (f":{before + 1}" if before else ""),
        recipients=to,
        context=words,
        html=email_of(document, standing),
        attachments=[Attachment(str(issued.pdf.name), document.filename, "application/pdf", issued.pdf_sha256)],
    )


def _with_open_link(invoice: Invoice, document: InvoiceDocument) -> InvoiceDocument:
    """The document's link opens the page for months; of an invoice that is mailed again it may have ended."""
    if invoice.sent_at is None or not document.pay_url:
        return document
    return replace(document, pay_url=pay_page_url(invoice))


def kind_of(issued: Invoice | CreditNote) -> str:
    """Of the e-mail with it."""
    return "invoice_issued" if isinstance(issued, Invoice) else "credit_note_issued"


def queue_about(
    document: InvoiceDocument,
    *,
    context: Mapping[str, Any],
    attachments: Iterable[Attachment] = (),
    sender: str = "",
    **email: Any,
) -> Notification:
    """Queue an e-mail that looks as the document does: its seller's colour, and its logo within the text."""
    brand = brand_of(document, logo=LOGO_OF_EMAIL if document.logo else "")
    return queue_email(
        context={**context, "brand": brand},
        attachments=[*attachments, *logo_of(brand, document.logo)],
        sender=sender or document.seller.email,
        **email,
    )


def brand_of(document: InvoiceDocument, *, logo: str) -> Brand:
    """The seller as the document has it. `logo` is the picture's address."""
    seller = document.seller
    return Brand(
        name=seller.name,
        colour=document.brand_colour,
        logo=logo,
        footer=foot_lines(seller.address_lines, gstin=seller.gstin, email=seller.email, phone=seller.phone),
    )


def built_in_body(document: InvoiceDocument, *, logo: str) -> str:
    """The e-mail's HTML where the template has none of its own, as the day of issue has it."""
    if document.credits is None:
        kind, words = "invoice_issued", invoice_words(document, AS_ISSUED)
    else:
        kind, words = "credit_note_issued", credit_note_words(document, due=ZERO, pay_url="")
    context = {**words, "brand": brand_of(document, logo=logo)}
    return render_letter(f"invoicing/{kind}", context, language=Language.ENGLISH).html


def invoice_words(document: InvoiceDocument, standing: Standing) -> dict[str, Any]:
    due = document.total if standing.due is None else standing.due
    return {
        "document": document,
        "total": document.money(document.total),
        "due": document.money(due),
        "is_due": due > ZERO,
        "is_partly_paid": ZERO < due < document.total,
        "pay_url": document.pay_url,
    }


def credit_note_words(document: InvoiceDocument, *, due: Decimal, pay_url: str) -> dict[str, Any]:
    """`due` is what the invoice still asks for."""
    return {
        "document": document,
        "total": document.money(document.total),
        "due": document.money(due),
        "is_due": due > ZERO,
        "pay_url": pay_url,
    }


def _standing_of(invoice: Invoice, document: InvoiceDocument) -> Standing:
    """What an e-mail says of paying: the invoice may be mailed again when some of it is paid."""
    if invoice.amount_due == document.total:
        return AS_ISSUED
    if invoice.amount_due > 0:
        return Standing(Stage.PARTLY_PAID, due=invoice.amount_due)
    return Standing(Stage.NOTHING_DUE, due=invoice.amount_due, note="Nothing is due on this invoice.")


def sent_to(issued: Invoice | CreditNote) -> list[str]:
    """The addresses that the invoice or credit note was sent to, or will be sent to. E-mails that were given up, are
    not sent, or came back, count as not sent."""
    return have_it(emails_of(issued))


def queue_cancellation_email(invoice: Invoice) -> Notification | None:
    """Queue one e-mail that says that the invoice is cancelled, to whoever was sent it. None if nobody was."""
    recipients = sent_to(invoice)
    if not recipients or invoice.voided_at is None:
        return None
    document = invoice_document(invoice)
    return queue_about(
        document,
        organisation=invoice.organisation,
        kind="invoice_cancelled",
        dedupe_key=f"invoice_cancelled:{invoice.pk}",
        recipients=recipients,
        context={
            "document": document,
            "total": document.money(document.total),
            "cancelled_on": invoice.voided_at.astimezone(ZoneInfo(invoice.billing_entity.time_zone)).date(),
            "reason": invoice.void_reason,
            "page_url": pay_page_url(invoice),
        },
    )


def queue_question_answered(answer: QuestionMessage) -> Notification:
    """Mail the answer to a customer's question to whoever reads its bills."""
    question = answer.question
    invoice, line = question.invoice, question.line
    document = invoice_document(invoice)
    return queue_about(
        document,
        organisation=invoice.organisation,
        kind="question_answered",
        dedupe_key=f"question_answered:{answer.pk}",
        recipients=recipients_of(invoice.organisation, "question_answered"),
        context={
            "customer": document.customer.name,
            "number": invoice.number,
            "line": line.description if line else "",
            "question": question.messages.filter(side="customer")
            .order_by("-created_at")
            .values_list("text", flat=True)[0],
            "answer": [line for line in answer.text.splitlines() if line.strip()],
            "page_url": pay_page_url(invoice),
        },
    )
