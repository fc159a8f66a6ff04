"""The end of an e-invoice that is not needed any more, and what keeps it from ending."""

from __future__ import annotations

from billing_platform.lib.errors import DomainError
from invoicing.models import EInvoice, Invoice
from organisations import audit

Status = EInvoice.Status


def end_e_invoice(invoice: Invoice) -> None:
    """The invoice is void: it needs no IRN any more. The caller holds the invoice's lock.

    Raises DomainError E_INVOICE_UNCLEAR while the portal is asked, or may have given one.
    """
    found = EInvoice.objects.select_for_update().filter(invoice=invoice, status=Status.PENDING).first()
    if found is None:
        return
    require_clear(found)
    found.status, found.not_needed_reason, found.not_needed_by = Status.NOT_NEEDED, "The invoice is void.", acting()
    found.save(update_fields=["status", "not_needed_reason", "not_needed_by", "updated_at", *found.end()])


def require_pending(found: EInvoice) -> None:
    if found.status != Status.PENDING:
        raise DomainError(f"{found}: {found.get_status_display()}.", code="E_INVOICE_NOT_PENDING")


def require_clear(found: EInvoice) -> None:
    if found.is_unclear:
        raise DomainError(
            f"The portal was asked for the IRN of {found}, and its answer never came: it may have one. Try again "
            "first.",
            code="E_INVOICE_UNCLEAR",
        )


def acting() -> str:
    """Who does it: a user name; empty for a job."""
    return audit.acting_person()[:200]
