"""The PDF of an issued document: rendered from the frozen document, stored once with its hash, made again if lost.

What is stored and mailed is the invoice as it was issued. Whoever asks for the PDF later gets it as the invoice stands
now, drawn on the spot: a void or paid one must not ask for money again. When it is made, by whom and how often:
`delivery.py`.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import TextChoices
from django.utils.crypto import salted_hmac

from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.documents import AS_ISSUED, InvoiceDocument, Stage, Standing, render_pdf
from invoicing.models import CreditNote, Invoice
from invoicing.selectors.credit_notes import credit_notes_of
from invoicing.selectors.documents import invoice_document
from invoicing.selectors.e_invoices import registration_of
from organisations import logos

logger = logging.getLogger(__name__)

Status = Invoice.Status

_NOTHING_DUE: dict[str, str] = {
    Status.PAID: "Paid in full. Nothing is left to pay.",
    Status.PARTIALLY_REFUNDED: "This invoice was paid, and a part of the money was returned. Nothing is left to pay.",
    Status.REFUNDED: "This invoice was paid, and the money was returned. Nothing is left to pay.",
}


class StoredPdf(NamedTuple):
    name: str  # in the storage
    sha256: str

    @classmethod
    def of(cls, document: Invoice | CreditNote) -> StoredPdf:
        """Nameless where none is stored yet."""
        return cls(document.pdf.name or "", document.pdf_sha256)


class FileState(TextChoices):
    SAME = "same", "As stored"
    CHANGED = "changed", "Changed"
    LOST = "lost", "Lost"
    UNREAD = "unread", "Not read"


class CheckedFile(NamedTuple):
    """The file of a stored PDF as it is now; without size and hash where there is none to read."""

    state: FileState
    size: int = 0
    sha256: str = ""


def store_pdf(invoice: Invoice) -> StoredPdf:
    """Render the PDF as issued and store it. Raises whatever the storage raises."""
    document, standing = invoice_document(invoice), _as_issued(invoice)
    return store(document, storage_name(invoice, document, standing), standing)


def store(document: InvoiceDocument, name: str, standing: Standing = AS_ISSUED) -> StoredPdf:
    """Render a document and store it under the name. Raises whatever the storage raises."""
    content = render(document, standing)
    if default_storage.exists(name):  # a worker that died may have left half of it
        default_storage.delete(name)
    return StoredPdf(default_storage.save(name, ContentFile(content)), hashlib.sha256(content).hexdigest())


def read_pdf(invoice: Invoice) -> tuple[str, bytes]:
    """File name and content, as the invoice stands: marked VOID, or without a way to pay once it is paid.

    Raises DomainError INVOICE_NOT_FINALIZED for a draft.
    """
    standing = standing_of(invoice)
    if standing.stage == Stage.ISSUED:
        return original_pdf(invoice)
    document = invoice_document(invoice)
    return document.filename.replace(".pdf", f"-{standing.stage.value}.pdf"), render(document, standing)


def original_pdf(invoice: Invoice) -> tuple[str, bytes]:
    """File name and content as issued. Made on the spot when it is not there yet or was lost.

    Raises DomainError INVOICE_NOT_FINALIZED for a draft, and as `read` does.
    """
    return read(invoice_document(invoice), StoredPdf.of(invoice), _as_issued(invoice))


def read(document: InvoiceDocument, stored: StoredPdf, standing: Standing = AS_ISSUED) -> tuple[str, bytes]:
    """File name and content of a document whose PDF is stored, or not yet.

    Raises DomainError STORED_PDF_CHANGED where the file is not the one that was stored.
    """
    if not stored.name:
        return document.filename, render(document, standing)
    try:
        with default_storage.open(stored.name, "rb") as file:
            content = bytes(file.read())
    except FileNotFoundError:
        return document.filename, _made_again(document, stored, standing)
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        logger.error("stored PDF changed", extra={"stored": stored.name, "document": document.number})
        raise DomainError(
            f"The stored PDF of {document.number} is not the one that was stored when it was issued: its SHA-256 is "
            f"not {stored.sha256}. Restore {stored.name} from a backup, or delete it: then it is made again.",
            code="STORED_PDF_CHANGED",
        )
    return document.filename, content


def check(stored: StoredPdf) -> CheckedFile:
    """Compare the file with what was stored. A storage that doesn't answer is said, not raised."""
    try:
        with default_storage.open(stored.name, "rb") as file:
            content = bytes(file.read())
    except FileNotFoundError:
        return CheckedFile(FileState.LOST)
    except Exception:  # whatever the storage may throw
        logger.exception("stored PDF not read", extra={"stored": stored.name})
        return CheckedFile(FileState.UNREAD)
    sha256 = hashlib.sha256(content).hexdigest()
    return CheckedFile(FileState.SAME if sha256 == stored.sha256 else FileState.CHANGED, len(content), sha256)


def restore(document: InvoiceDocument, stored: StoredPdf, standing: Standing = AS_ISSUED) -> None:
    """Put the file of a stored PDF back where it is lost or was changed. What stands there now is set aside, under a
    name that ends with .changed. Raises DomainError PDF_DRAWN_OTHERWISE where only a backup has the same bytes."""
    found = check(stored)
    if found.state == FileState.SAME:
        return
    content = render(document, standing)
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise DomainError(
            f"This version of the program draws {document.number} otherwise than it was stored: restore {stored.name} "
            "from a backup of the storage.",
            code="PDF_DRAWN_OTHERWISE",
        )
    if found.state == FileState.CHANGED:
        with default_storage.open(stored.name, "rb") as file:
            default_storage.save(f"{stored.name}.changed", ContentFile(file.read()))
        default_storage.delete(stored.name)
    default_storage.save(stored.name, ContentFile(content))


def restore_pdf(invoice: Invoice) -> None:
    """`restore` for an invoice."""
    restore(invoice_document(invoice), StoredPdf.of(invoice), _as_issued(invoice))


def _made_again(document: InvoiceDocument, stored: StoredPdf, standing: Standing) -> bytes:
    """Of a lost file. It is stored again if its bytes are the same, and only then: a newer version of the program may
    draw the same document otherwise."""
    content = render(document, standing)
    if hashlib.sha256(content).hexdigest() == stored.sha256:
        default_storage.save(stored.name, ContentFile(content))
    else:
        logger.warning("lost PDF drawn otherwise than before", extra={"stored": stored.name})
    return content


def standing_of(invoice: Invoice) -> Standing:
    """What has become of an invoice since it was issued, for its PDF: with its IRN, once it has one."""
    return replace(_stage_of(invoice), registration=registration_of(invoice))


def _as_issued(invoice: Invoice) -> Standing:
    """What is stored and mailed: a seller that must make e-invoices prints the IRN (Rule 46 (r))."""
    return Standing(registration=registration_of(invoice))


def _stage_of(invoice: Invoice) -> Standing:
    if invoice.status == Status.VOID:
        zone = ZoneInfo(invoice.billing_entity.time_zone)
        on = invoice.voided_at.astimezone(zone).date() if invoice.voided_at else None
        return Standing(Stage.VOID, void_on=on, void_reason=invoice.void_reason)
    if invoice.amount_due == invoice.total:  # nothing paid yet, or nothing to pay
        return AS_ISSUED
    credited = _credited(invoice)
    if invoice.amount_due > ZERO:
        return Standing(Stage.PARTLY_PAID, due=invoice.amount_due, note=credited)
    if invoice.status == Status.CREDITED:
        return Standing(Stage.CREDITED, due=ZERO, note=f"{credited} Nothing is left to pay.")
    return Standing(Stage.NOTHING_DUE, due=ZERO, note=f"{_NOTHING_DUE[invoice.status]} {credited}".strip())


def _credited(invoice: Invoice) -> str:
    """Which credit notes took back how much, as a sentence; empty if none did."""
    if not invoice.amount_credited:
        return ""
    numbers = ", ".join(note.number for note in credit_notes_of(invoice))
    return f"{format_money(invoice.amount_credited, invoice.currency)} was credited by {numbers}."


def storage_name(invoice: Invoice, document: InvoiceDocument, standing: Standing = AS_ISSUED) -> str:
    """Not to be guessed from anything a customer sees, and the same at every attempt."""
    return f"invoices/{invoice.financial_year}/{folder(invoice.pk, standing)}/{document.filename}"


def folder(pk: UUID, standing: Standing) -> str:
    """A PDF with an IRN stands beside the one without: an e-mail may still carry that."""
    return unguessable(pk) + ("/irn" if standing.registration else "")


def unguessable(pk: UUID) -> str:
    """The part of a stored PDF's name that only this program can make."""
    return salted_hmac("invoicing.pdf", str(pk), algorithm="sha256").hexdigest()[:40]


def render(document: InvoiceDocument, standing: Standing = AS_ISSUED) -> bytes:
    """The document as PDF, with the seller's logo."""
    return render_pdf(document, logo=read_logo(document.logo), standing=standing)


def read_logo(name: str) -> bytes | None:
    """The logo that the document names, or None: the seller's name stands in its place. An invoice must not wait for a
    picture that is gone, and one that was stored before pictures were checked is not drawn at all. But a storage that
    doesn't answer is asked again later."""
    if not name:
        return None
    try:
        with default_storage.open(name, "rb") as file:
            return _checked_logo(file.read(logos.MAX_BYTES + 1))
    except (OSError, ValidationError) as error:
        logger.warning("logo not drawn", extra={"logo": name, "reason": str(error)})
        return None


@lru_cache(maxsize=32)
def _checked_logo(content: bytes) -> bytes:
    """Unpacking a picture takes longer than drawing an invoice; a seller's invoices all have the same."""
    return logos.drawable(content)
