"""Cancel an invoice that nobody has seen. What somebody may have seen is taken back by a credit note."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import month_text, time_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import require, validate_printed_paragraphs
from invoicing.emails import queue_cancellation_email, sent_to
from invoicing.gst_heads import SupplyKind
from invoicing.models import Invoice
from invoicing.selectors.e_invoices import e_invoice_of
from invoicing.services.delivery import end_delivery
from invoicing.services.locking import lock_invoice, lock_items
from invoicing.services.unbilled_months import wait_for_a_person
from invoicing.services.unneeded_e_invoices import end_e_invoice
from invoicing.signals import invoice_voided
from organisations.webhooks.announcing import announce

Status = Invoice.Status


@transaction.atomic
def void_invoice(*, invoice_id: UUID, reason: str) -> Invoice:
    """Cancel a draft, or an issued invoice that nobody has seen. Its number stays taken.

    The invoice's month is then not billed, and waits for a person: its billing run item says so until the month is
    billed again (`start_billing_run`, `retry_item`) or left unbilled on purpose (`leave_unbilled`). Raises DomainError
    INVOICE_NOT_VOIDABLE, with the way out, where `why_not_voidable` says why.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the invoice is void.")
    require("reason", reason, validate_printed_paragraphs)
    items = lock_items(invoice_id)
    invoice = lock_invoice(invoice_id)
    if not invoice.is_draft and (obstacle := why_not_voidable(invoice)):
        raise DomainError(obstacle, code="INVOICE_NOT_VOIDABLE", details=_way_out(invoice))
    end_e_invoice(invoice)
    invoice.status, invoice.voided_at, invoice.void_reason = Status.VOID, clock.now(), reason
    invoice.save(update_fields=["status", "voided_at", "void_reason", "updated_at"])
    end_delivery(invoice)
    queue_cancellation_email(invoice)
    if invoice.number:
        wait_for_a_person(items, invoice, f"Invoice {invoice} was voided: {invoice.void_reason}")
        announce("invoice.voided", organisation_id=invoice.organisation_id, object_id=invoice.pk)
    transaction.on_commit(partial(invoice_voided.send_robust, sender=Invoice, invoice_id=invoice.pk), robust=True)
    return invoice


def why_not_voidable(invoice: Invoice) -> str:
    """Why an issued invoice can't be voided, with the way out; "" if it can.

    An invoice that was sent, or that belongs to a GST return of an earlier month, stands: a credit note takes it back
    (CGST Act, section 34). One of nothing has nothing to credit, so it may be voided in spite of that; whoever was sent
    it is told by e-mail. While its IRN is in force an invoice stands too.
    """
    return why_not_voidable_but_for_its_irn(invoice) or (irn_in_force(invoice) if invoice.total else "")


def why_not_voidable_but_for_its_irn(invoice: Invoice) -> str:
    """The same for an invoice whose IRN is to be cancelled before."""
    if not invoice.is_voidable:
        return f"Invoice {invoice} is {invoice.get_status_display().lower()} and can't be voided.{_advice(invoice)}"
    if not invoice.total:
        return ""
    if told := sent_to(invoice):
        return f"Invoice {invoice} was sent to {', '.join(told)}, so it can't be voided.{_advice(invoice)}"
    if invoice.supply_kind != SupplyKind.NO_GST and invoice.issue_date is not None:
        month, today = BillingPeriod.of(invoice.issue_date), clock.today(INDIAN_TIME)
        if BillingPeriod.of(today) != month:
            return (
                f"Invoice {invoice} belongs to the GST return of {month_text(month)}, so it can't be voided any more."
                f"{_advice(invoice)}"
            )
    return ""


def irn_in_force(invoice: Invoice) -> str:
    """Why its IRN keeps an invoice from being void, with the way out; "" if it does not. An IRN can be cancelled within
    24 hours; what it stands for is credited after that."""
    e_invoice = e_invoice_of(invoice)
    until = e_invoice.cancellable_until if e_invoice else None
    if e_invoice is None or until is None:
        return ""
    if e_invoice.may_be_cancelled:
        return (
            f"Invoice {invoice} has an IRN, so it can't be voided. Cancel the IRN first: the portal allows it until "
            f"{time_text(until, INDIAN_TIME)}."
        )
    return f"Invoice {invoice} has an IRN that can't be cancelled any more, so it can't be voided.{_advice(invoice)}"


def _advice(invoice: Invoice) -> str:
    return " Issue a credit note over all of it instead." if invoice.is_creditable else ""


def _way_out(invoice: Invoice) -> dict[str, str]:
    return {"credit_notes": f"/api/v1/admin/invoices/{invoice.pk}/credit-notes"} if invoice.is_creditable else {}
