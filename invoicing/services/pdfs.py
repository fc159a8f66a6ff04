"""The PDF of an issued invoice: rendered from the frozen document, stored once, made again if it is lost.

What is stored and mailed is the invoice as it was issued. Whoever asks for the PDF later gets it as the invoice stands
now, drawn on the spot: a void or paid one must not ask for money again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils.crypto import salted_hmac

from billing_platform.lib import clock
from billing_platform.lib.money import ZERO
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.documents import AS_ISSUED, InvoiceDocument, Stage, Standing, render_pdf
from invoicing.models import Invoice
from invoicing.models.invoice import InvoiceQuerySet
from invoicing.selectors.documents import invoice_document
from organisations import logos

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
BACKOFF_BASE = timedelta(minutes=1)
BACKOFF_CAP = timedelta(hours=6)
CLAIM = timedelta(minutes=5)
"""How long a worker has the invoice to itself; afterwards it is taken to have died."""

PdfState = Invoice.PdfState
Status = Invoice.Status

_SETTLED: dict[str, str] = {
    Status.PAID: "Paid in full. Nothing is left to pay.",
    Status.PARTIALLY_REFUNDED: "This invoice was paid, and a part of the money was returned. Nothing is left to pay.",
    Status.REFUNDED: "This invoice was paid, and the money was returned. Nothing is left to pay.",
}


def wake_delivery(invoice_id: UUID) -> None:
    """Ask a worker for the PDF once this transaction has committed."""
    wake_on_commit("invoicing.tasks.deliver_invoice", invoice_id)


def due_deliveries(*, limit: int = 100) -> list[UUID]:
    """Invoices to be rendered or sent now: new ones, those to be tried again, those whose worker died."""
    return list(_due(clock.now()).order_by("deliver_after").values_list("pk", flat=True)[:limit])


def make_pdf(*, invoice_id: UUID) -> bool:
    """Render and store the PDF if it is due and nobody else is at it. Says whether it is ready to be sent.

    A failure is written on the invoice and tried again with growing pauses; nothing else is held back by it.
    """
    if not _claim(invoice_id):
        return False
    invoice = Invoice.objects.get(pk=invoice_id)
    if invoice.pdf_state == PdfState.READY:
        return True
    try:
        name = _store(invoice, invoice_document(invoice))
    except Exception as error:  # whatever a picture, a font or the storage may throw
        _note_failure(invoice, error)
        return False
    invoice.pdf.name = name
    invoice.pdf_state, invoice.pdf_error = PdfState.READY, ""
    invoice.save(update_fields=["pdf", "pdf_state", "pdf_error", "updated_at"])
    return True


def read_pdf(invoice: Invoice) -> tuple[str, bytes]:
    """File name and content, as the invoice stands: marked VOID, or without a way to pay once it is paid.

    Raises DomainError INVOICE_NOT_FINALIZED for a draft.
    """
    standing = standing_of(invoice)
    if standing == AS_ISSUED:
        return original_pdf(invoice)
    document = invoice_document(invoice)
    return document.filename.replace(".pdf", f"-{standing.stage.value}.pdf"), _render(document, standing)


def original_pdf(invoice: Invoice) -> tuple[str, bytes]:
    """File name and content as issued. Made on the spot when it is not there yet or was lost: the bytes are the same.

    Raises DomainError INVOICE_NOT_FINALIZED for a draft.
    """
    document = invoice_document(invoice)
    name = invoice.pdf.name or ""
    if name and default_storage.exists(name):
        with default_storage.open(name, "rb") as file:
            return document.filename, file.read()
    content = _render(document)
    if name:
        default_storage.save(name, ContentFile(content))
    return document.filename, content


def standing_of(invoice: Invoice) -> Standing:
    """What has become of an invoice since it was issued, for its PDF."""
    if invoice.status == Status.VOID:
        zone = ZoneInfo(invoice.billing_entity.time_zone)
        on = invoice.voided_at.astimezone(zone).date() if invoice.voided_at else None
        return Standing(Stage.VOID, void_on=on, void_reason=invoice.void_reason)
    if invoice.amount_due == invoice.total:  # nothing paid yet, or nothing to pay
        return AS_ISSUED
    if invoice.amount_due > ZERO:
        return Standing(Stage.PARTLY_PAID, due=invoice.amount_due)
    return Standing(Stage.SETTLED, due=ZERO, note=_SETTLED[invoice.status])


def storage_name(invoice: Invoice, document: InvoiceDocument) -> str:
    """Not to be guessed from anything a customer sees, and the same at every attempt."""
    secret = salted_hmac("invoicing.pdf", str(invoice.pk), algorithm="sha256").hexdigest()[:40]
    return f"invoices/{invoice.financial_year}/{secret}/{document.filename}"


def _due(now: datetime) -> InvoiceQuerySet:
    due: InvoiceQuerySet = Invoice.objects.live().filter(deliver_after__lte=now)
    return due


def _claim(invoice_id: UUID) -> bool:
    now = clock.now()
    due = _due(now).filter(pk=invoice_id)
    return bool(due.update(deliver_after=now + CLAIM, pdf_attempts=F("pdf_attempts") + 1))


def _store(invoice: Invoice, document: InvoiceDocument) -> str:
    name = storage_name(invoice, document)
    if default_storage.exists(name):  # a worker that died may have left half of it
        default_storage.delete(name)
    return default_storage.save(name, ContentFile(_render(document)))


def _render(document: InvoiceDocument, standing: Standing = AS_ISSUED) -> bytes:
    return render_pdf(document, logo=_read_logo(document.logo), standing=standing)


def _read_logo(name: str) -> bytes | None:
    """The logo that the document names, or None: the seller's name stands in its place. An invoice must not wait for a
    picture, and one that was stored before pictures were checked is not drawn at all."""
    if not name:
        return None
    try:
        with default_storage.open(name, "rb") as file:
            return logos.drawable(file.read(logos.MAX_BYTES + 1))
    except (OSError, ValidationError) as error:
        logger.warning("logo not drawn", extra={"logo": name, "reason": str(error)})
        return None


def _note_failure(invoice: Invoice, error: Exception) -> None:
    """Only while the claim is ours: whoever took it over may have succeeded."""
    logger.exception("invoice PDF not made", extra={"invoice": str(invoice.pk), "attempt": invoice.pdf_attempts})
    given_up = invoice.pdf_attempts >= MAX_ATTEMPTS
    pause = min(BACKOFF_BASE * 2 ** (invoice.pdf_attempts - 1), BACKOFF_CAP)
    Invoice.objects.filter(pk=invoice.pk, deliver_after=invoice.deliver_after).update(
        pdf_state=PdfState.FAILED,
        pdf_error=f"{type(error).__name__}: {error}"[:2000],
        deliver_after=None if given_up else clock.now() + pause,
        updated_at=clock.now(),
    )
