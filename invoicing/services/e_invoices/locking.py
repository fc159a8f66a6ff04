"""An e-invoice's row, locked until the transaction ends; its document is locked before."""

from __future__ import annotations

from uuid import UUID

from billing_platform.lib.errors import NotFound
from invoicing.models import CreditNote, EInvoice, Invoice


def lock_e_invoice(e_invoice_id: UUID) -> EInvoice:
    """With its document, seller and customer. Raises NotFound."""
    keys = EInvoice.objects.filter(pk=e_invoice_id).values_list("invoice_id", "credit_note_id").first()
    if keys is None:
        raise NotFound("There is no such e-invoice.")
    invoice_id, note_id = keys
    if invoice_id is not None:
        Invoice.objects.select_for_update().get(pk=invoice_id)
    else:
        CreditNote.objects.select_for_update().get(pk=note_id)
    rows = EInvoice.objects.select_related("invoice", "credit_note", "billing_entity", "organisation")
    found: EInvoice = rows.select_for_update(of=("self",)).get(pk=e_invoice_id)
    return found
