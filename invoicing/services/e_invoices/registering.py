"""Fetch the IRN of a document from the portal, as waiting work, and cancel one there.

The row says that the portal is being asked before it is: a worker that dies leaves it `is_unclear`. The next try asks
again for the same document, and the portal answers with the IRN that it has given: there are never two.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.work.claims import claim, due_ids, note_failure
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.irp.client import Account, IrpClient, Login
from invoicing.irp.errors import IrpDuplicate, IrpError, IrpNotConfigured, IrpRefused
from invoicing.models import EInvoice, Invoice
from invoicing.returns.e_invoice import as_json
from invoicing.returns.e_invoice_answer import Registered
from invoicing.selectors.e_invoices import Checked, checked
from invoicing.services.e_invoices.locking import lock_e_invoice
from invoicing.services.e_invoices.recording import check_remark, record, record_cancellation
from invoicing.services.unneeded_e_invoices import require_pending
from invoicing.services.voiding import why_not_voidable_but_for_its_irn
from organisations import audit


def connect(gstin: str) -> IrpClient:
    """The provider's client for a seller. Raises IrpNotConfigured."""
    login = settings.IRP_LOGINS.get(gstin)
    if not settings.IRP_URL or not login:
        raise IrpNotConfigured(
            f"This installation has no provider, or no log-in for {gstin}: set IRP_URL and IRP_LOGINS, or upload the "
            "portal's file."
        )
    account = Account(
        settings.IRP_URL, settings.IRP_CLIENT_ID, settings.IRP_CLIENT_SECRET, timeout=settings.IRP_TIMEOUT_SECONDS
    )
    if not account.is_safe:
        raise IrpNotConfigured("IRP_URL has to begin with https://: log-ins are sent there.")
    return IrpClient(account=account, gstin=gstin, login=Login(login["username"], login["password"]))


def due_registrations() -> list[UUID]:
    """Ids of e-invoices to be registered now: new ones, those to be tried again, those whose worker died."""
    return due_ids(EInvoice.objects.to_register()) if settings.IRP_URL else []


def register(*, e_invoice_id: UUID) -> None:
    """Ask the portal for the IRN, if that is due and nobody else is at it, and record it.

    What the portal refuses, or would refuse, waits for a person; anything else is tried again with growing pauses.
    """
    rows = EInvoice.objects.to_register().select_related("organisation", "billing_entity", "invoice", "credit_note")
    found = claim(rows, e_invoice_id)
    if found is None:
        return
    try:
        registered = _fetch(found)
        record(e_invoice_id=found.pk, registered=registered, source=EInvoice.Source.CLIENT)
    except IrpError as error:
        lasting = isinstance(error, IrpRefused | IrpNotConfigured)
        note_failure(found, error, final=lasting, is_unclear=error.unclear)
    except DomainError as error:  # a lint of ours, or an answer about another document
        note_failure(found, error, final=True)


def _fetch(found: EInvoice) -> Registered:
    """Raises IrpError; DomainError E_INVOICE_NOT_SENT for what a lint finds: then nothing is sent."""
    found_out = checked(found)
    require_sendable(found_out)
    client = connect(found.seller_gstin)
    _say_that_it_is_asked(found)
    try:
        return client.generate(as_json(found_out.payload))
    except IrpDuplicate as error:
        return _known(client, error.irn, found_out)


def require_sendable(found: Checked) -> None:
    if found.obstacles:
        raise DomainError(
            f"The portal would refuse it. {found.sentences}",
            code="E_INVOICE_NOT_SENT",
            details={"findings": [each.field for each in found.obstacles]},
        )


def _say_that_it_is_asked(found: EInvoice) -> None:
    found.is_unclear = True
    EInvoice.objects.filter(pk=found.pk).update(is_unclear=True, updated_at=clock.now())


def _known(client: IrpClient, irn: str, found: Checked) -> Registered:
    """The IRN that the document has already: by its number, or by the document after two days."""
    try:
        return client.find(irn)
    except IrpRefused:
        details = found.payload["DocDtls"]
        return client.find_document(doc_type=details["Typ"], number=details["No"], day=details["Dt"])


@transaction.atomic
def try_now(*, e_invoice_id: UUID) -> None:
    """An operator's wish: ask the portal at once, with all tries before it again.

    Raises NotFound, IrpNotConfigured, and DomainError E_INVOICE_NOT_PENDING.
    """
    found = lock_e_invoice(e_invoice_id)
    require_pending(found)
    connect(found.seller_gstin)
    if not found.billing_entity.e_invoices_by_client:
        raise DomainError(f"{found.billing_entity} does not fetch IRNs.", code="E_INVOICE_NOT_FETCHED")
    before = found.attempts
    found.save(update_fields=found.try_now())
    audit.note(found, attempts=(before, 0))
    wake_on_commit("invoicing.tasks.register_e_invoice", found.pk)


def cancel(*, e_invoice_id: UUID, reason: str, remark: str) -> EInvoice:
    """Cancel the IRN of an invoice at the portal, so that the invoice can be voided. Asked twice, it is done once.

    Not to be called inside a transaction. Raises NotFound, InvalidInput at `reason` or `remark`, IrpError, and
    DomainError E_INVOICE_WITHOUT_IRN, E_INVOICE_TOO_LATE or INVOICE_NOT_VOIDABLE.
    """
    if reason not in EInvoice.CancelReason.values:
        raise InvalidInput.field("reason", f"Choose one of {', '.join(EInvoice.CancelReason.values)}.")
    check_remark(remark)
    with transaction.atomic():
        found = lock_e_invoice(e_invoice_id)
        _require_cancellable(found)
    at = connect(found.seller_gstin).cancel(irn=found.irn, reason=reason, remark=remark or "Cancelled")
    moment = min(at or clock.now(), clock.now())
    until = found.cancellable_until
    return record_cancellation(
        e_invoice_id=found.pk, at=min(moment, until) if until else moment, reason=reason, remark=remark
    )


def _require_cancellable(found: EInvoice) -> None:
    if found.cancellable_until is None:
        raise DomainError(f"{found} has no IRN in force.", code="E_INVOICE_WITHOUT_IRN")
    if not found.may_be_cancelled:
        raise DomainError(
            f"The portal cancels an IRN within 24 hours. Credit {found} instead.", code="E_INVOICE_TOO_LATE"
        )
    if not isinstance(found.document, Invoice):
        raise DomainError("A credit note stands, and so does its IRN.", code="INVOICE_NOT_VOIDABLE")
    if not found.is_void and (obstacle := why_not_voidable_but_for_its_irn(found.document)):
        raise DomainError(f"{obstacle} Its IRN stays.", code="INVOICE_NOT_VOIDABLE")
