"""An invoice's row, locked until the transaction ends, and the states in which a verb may have it."""

from __future__ import annotations

from uuid import UUID

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import DomainError, NotFound
from invoicing.models import BillingRunItem, Invoice
from organisations.models import Organisation


def lock_invoice(invoice_id: UUID) -> Invoice:
    """The invoice with its organisation and seller. Raises NotFound."""
    invoice: Invoice | None = (
        Invoice.objects.select_for_update(of=("self",))
        .select_related("organisation__billing_entity", "billing_entity")
        .filter(pk=invoice_id)
        .first()
    )
    if invoice is None:
        raise NotFound("There is no such invoice.")
    return invoice


def lock_draft(invoice_id: UUID) -> Invoice:
    """The same for a draft. Raises DomainError INVOICE_NOT_DRAFT."""
    invoice = lock_invoice(invoice_id)
    if not invoice.is_draft:
        raise DomainError(
            f"Invoice {invoice} is {invoice.get_status_display().lower()}, not a draft.", code="INVOICE_NOT_DRAFT"
        )
    return invoice


def require_issued(invoice: Invoice) -> None:
    """Raises DomainError INVOICE_NOT_FINALIZED for a draft, INVOICE_VOID for a void invoice."""
    if invoice.is_draft:
        raise DomainError("The invoice is a draft: finalize it first.", code="INVOICE_NOT_FINALIZED")
    if invoice.status == Invoice.Status.VOID:
        raise DomainError(f"Invoice {invoice} is void.", code="INVOICE_VOID")


def lock_billing(*organisations: Organisation) -> None:
    """Compute an organisation's invoices one at a time, until the transaction ends.

    A month's late usage is charged by the difference to what other invoices charged for the month: two invoices that
    are computed at the same moment would both leave the same usage out, or both charge it.
    """
    advisory_lock(LockSpace.BILLING_RUN, *(organisation.pk for organisation in organisations))


def lock_items(invoice_id: UUID) -> list[BillingRunItem]:
    """The run's item of the invoice's month, if there is one: locked before the invoice, as by a worker of the run."""
    month = Invoice.objects.filter(pk=invoice_id, period_start__isnull=False)
    items = BillingRunItem.objects.select_for_update(of=("self",)).filter(
        organisation__in=month.values("organisation"), run__period_start__in=month.values("period_start")
    )
    return list(items.select_related("run", "organisation"))
