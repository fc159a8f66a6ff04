"""Cancel an invoice, and tell everybody who has it."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import require, validate_printed_paragraphs
from invoicing.emails import queue_cancellation_email
from invoicing.models import BillingRun, BillingRunItem, Invoice
from invoicing.services.delivery import end_delivery
from invoicing.services.locking import lock_invoice, lock_items
from invoicing.signals import invoice_voided

Status = Invoice.Status
ItemStatus = BillingRunItem.Status


@transaction.atomic
def void_invoice(*, invoice_id: UUID, reason: str) -> Invoice:
    """Cancel an invoice that nothing was paid on, or whose total is zero. Its number stays taken. Everybody to whom the
    invoice was sent gets a cancellation by e-mail.

    The invoice's month is then not billed, and waits for a person: its billing run item says so until the month is
    billed again (`start_billing_run`, `retry_item`) or left unbilled on purpose (`leave_unbilled`). Raises DomainError
    INVOICE_NOT_VOIDABLE once money has come in: a credit note corrects such an invoice.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the invoice is void.")
    require("reason", reason, validate_printed_paragraphs)
    items = lock_items(invoice_id)
    invoice = lock_invoice(invoice_id)
    if not invoice.is_draft and not invoice.is_voidable:
        raise DomainError(
            f"Invoice {invoice} is {invoice.get_status_display().lower()} and can't be voided.",
            code="INVOICE_NOT_VOIDABLE",
        )
    invoice.status, invoice.voided_at, invoice.void_reason = Status.VOID, clock.now(), reason
    invoice.save(update_fields=["status", "voided_at", "void_reason", "updated_at"])
    end_delivery(invoice)
    queue_cancellation_email(invoice)
    if invoice.period is not None and invoice.number:
        _wait_for_a_person(items, invoice, invoice.period)
    transaction.on_commit(partial(invoice_voided.send_robust, sender=Invoice, invoice_id=invoice.pk), robust=True)
    return invoice


def _wait_for_a_person(items: list[BillingRunItem], invoice: Invoice, period: BillingPeriod) -> None:
    """Mark the month's item: the month has no invoice. A month without an item gets one, or no page would show that it
    is unbilled. An item that a worker will take up anyway stays as it is: the run bills the month."""
    ended = {
        "status": ItemStatus.VOIDED,
        "invoice": invoice,
        "reason": f"Invoice {invoice} was voided: {invoice.void_reason}",
        "finished_at": clock.now(),
    }
    if not items:
        run, _created = BillingRun.objects.get_or_create(
            period_start=period.start, defaults={"requested_by": "void of an invoice"}
        )
        item = BillingRunItem(run=run, organisation=invoice.organisation, **ended)
        BillingRunItem.objects.bulk_create([item], ignore_conflicts=True)  # a run may have been started meanwhile
    for item in items:
        if item.status not in (ItemStatus.PENDING, ItemStatus.CLAIMED):
            for name, value in ended.items():
                setattr(item, name, value)
            item.save(update_fields=[*ended, "updated_at"])
