"""Record what the portal gave: the IRN of a document, or that it is cancelled. Either came by our client, in a file of
the portal, or was typed in; it is compared with the document each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.validators import require, validate_line
from invoicing.models import CreditNote, EInvoice
from invoicing.returns.e_invoice_answer import AnswerError, Registered, differences, read_answer, read_file
from invoicing.returns.signed_texts import SignedTextError, is_signed_by
from invoicing.selectors.e_invoices import document_of, find_by_number, portals_key
from invoicing.services.delivery import make_again
from invoicing.services.e_invoices.locking import lock_e_invoice
from invoicing.services.e_invoices.needed import wake_delivery
from invoicing.services.unneeded_e_invoices import acting, require_pending

Status, Source = EInvoice.Status, EInvoice.Source
REMARK_LENGTH = 100
CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file of answers: the documents that have their IRN now, those that had it, and sentences about
    the others."""

    recorded: tuple[str, ...]
    known: tuple[str, ...]
    refused: tuple[str, ...]


def record_typed(*, e_invoice_id: UUID, registered: Registered) -> EInvoice:
    """Record an IRN that a person typed in. Raises as `record` does."""
    return record(e_invoice_id=e_invoice_id, registered=registered, source=Source.TYPED)


def record_file(*, content: bytes, may: Callable[[EInvoice], bool]) -> FileReport:
    """Record all answers of a file of the portal, each by itself: what is wrong with one stops no other. Each names its
    document by seller and number; `may` says whether the person may record an IRN there.

    Raises InvalidInput at `file` if it can't be read at all.
    """
    try:
        rows = read_file(content)
    except AnswerError as error:
        raise InvalidInput.field("file", str(error)) from error
    recorded: list[str] = []
    known: list[str] = []
    refused: list[str] = []
    for position, row in enumerate(rows, 1):
        try:
            number, is_new = _record_row(read_answer(row), may)
            (recorded if is_new else known).append(number)
        except (AnswerError, DomainError) as error:
            refused.append(f"Answer {position}: {getattr(error, 'message', error)}")
    return FileReport(tuple(recorded), tuple(known), tuple(refused))


def _record_row(registered: Registered, may: Callable[[EInvoice], bool]) -> tuple[str, bool]:
    code = registered.code
    number = str(code.get("DocNo", ""))
    found = find_by_number(seller_gstin=str(code.get("SellerGstin", "")), number=number)
    if found is None or not may(found):
        raise NotFound(f"No document {number} of this seller waits for an IRN.")
    if found.irn == registered.irn:
        return number, False
    record(e_invoice_id=found.pk, registered=registered, source=Source.FILE)
    return number, True


@transaction.atomic
def record(*, e_invoice_id: UUID, registered: Registered, source: str) -> EInvoice:
    """The document has its IRN from now on, for good; what waited for it is sent. The same IRN again changes nothing.

    Raises NotFound; DomainError E_INVOICE_NOT_PENDING, or E_INVOICE_DIFFERS where the portal's answer is about another
    document, or is not signed by the portal whose key the installation knows.
    """
    found = lock_e_invoice(e_invoice_id)
    if found.irn and found.irn == registered.irn:
        return found
    if found.status == Status.NOT_NEEDED:  # it has one all the same, such as an invoice that was void meanwhile
        found.status, found.not_needed_reason, found.not_needed_by = Status.PENDING, "", ""
        found.save(update_fields=["status", "not_needed_reason", "not_needed_by", "updated_at"])
    require_pending(found)
    problems = differences(registered, document_of(found))
    if registered.acknowledged_at > clock.now() + CLOCKS_DIFFER:
        problems.append("The acknowledgement is still to come.")
    if EInvoice.objects.filter(irn=registered.irn).exists():
        problems.append("Another document has this IRN.")
    if problems:
        raise DomainError(f"{found}: {' '.join(problems)}", code="E_INVOICE_DIFFERS")
    found.signature_checked = _check_signatures(found, registered)
    found.status, found.source, found.is_unclear = Status.GENERATED, source, False
    found.irn, found.ack_number, found.ack_at = registered.irn, registered.ack_number, registered.acknowledged_at
    found.signed_qr, found.signed_invoice = registered.signed_qr, registered.signed_invoice
    found.recorded_at, found.recorded_by = clock.now(), acting()
    found.end()
    found.save()
    _print(found)
    wake_delivery(found)
    return found


def _print(found: EInvoice) -> None:
    """Have the PDF made with the IRN on it."""
    if found.invoice is not None:
        make_again(found.invoice)
    elif found.credit_note is not None:
        note = found.credit_note
        note.pdf.name, note.pdf_sha256, note.pdf_state = "", "", CreditNote.PdfState.PENDING
        note.save(update_fields=["pdf", "pdf_sha256", "pdf_state", *note.try_now()])


def _check_signatures(found: EInvoice, registered: Registered) -> bool:
    """Whether the portal's key signed what it gave; False where the installation knows no key."""
    try:
        key = portals_key()
    except SignedTextError as error:
        raise DomainError(f"IRP_PUBLIC_KEY: {error}", code="IRP_NOT_CONFIGURED") from error
    if key is None:
        return False
    for text in filter(None, (registered.signed_qr, registered.signed_invoice)):
        try:
            is_signed = is_signed_by(text, key)
        except SignedTextError:
            is_signed = False
        if not is_signed:
            raise DomainError(f"{found}: the portal's key did not sign this.", code="E_INVOICE_DIFFERS")
    return True


@transaction.atomic
def record_cancellation(*, e_invoice_id: UUID, at: datetime, reason: str, remark: str = "") -> EInvoice:
    """The portal cancelled the IRN, at that moment. The number stays used, and never gets another IRN.

    Raises NotFound; DomainError E_INVOICE_WITHOUT_IRN; InvalidInput at `reason`, `remark` or `at`.
    """
    if reason not in EInvoice.CancelReason.values:
        raise InvalidInput.field("reason", f"Choose one of {', '.join(EInvoice.CancelReason.values)}.")
    check_remark(remark)
    found = lock_e_invoice(e_invoice_id)
    if found.status == Status.CANCELLED:
        return found
    until = found.cancellable_until
    if found.ack_at is None or until is None:
        raise DomainError(f"{found} has no IRN to cancel.", code="E_INVOICE_WITHOUT_IRN")
    if not found.ack_at <= at <= min(until, clock.now()):
        first, last = (time_text(each, INDIAN_TIME) for each in (found.ack_at, until))
        raise InvalidInput.field("at", f"The IRN could be cancelled from {first} until {last}, and not in future.")
    found.status, found.cancelled_at = Status.CANCELLED, at
    found.cancel_reason, found.cancel_remark = reason, remark.strip()
    found.cancelled_by = acting()
    found.save(update_fields=["status", "cancelled_at", "cancel_reason", "cancel_remark", "cancelled_by", "updated_at"])
    return found


def check_remark(remark: str) -> None:
    """Raises InvalidInput at `remark`."""
    require("remark", remark, validate_line)
    if len(remark) > REMARK_LENGTH:
        raise InvalidInput.field("remark", f"Use at most {REMARK_LENGTH} characters.")
