"""Where an issued invoice stands: what of it is paid, was paid and given back, or was taken back by credit notes."""

from __future__ import annotations

from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from invoicing.services.locking import require_issued
from organisations.webhooks.announcing import announce

Status = Invoice.Status


def record_paid_total(
    *, invoice: Invoice, paid_total: Decimal, refunded_total: Decimal = ZERO, noted_total: Decimal = ZERO
) -> None:
    """Write the sums of an issued invoice's allocations onto the invoice. Its status follows from them.

    `paid_total` is what was paid and not given back, `refunded_total` what was paid, given back and is not asked for
    again, `noted_total` the credit notes that came with it; all in the invoice's currency. Of an invoice of 118.00:
    paid 118.00, refunded 0 is paid; paid 100.00, refunded 18.00 is partially refunded, and 0.00 is due, with a credit
    note over the 18.00 or without; paid 100.00, refunded 0 is partially paid, and 18.00 is due; paid 100.00 with a
    credit note over 18.00, and nothing refunded, is paid. Another payment may have paid meanwhile what was given back:
    then nothing of it counts as refunded.

    Both sums may go down as well as up: a payment is reversed, or the money of a refund is asked for again. The caller
    must therefore have locked the invoice's row, loaded it under that lock and summed the allocations under it; then no
    older sum can arrive late. Safe to repeat. Raises DomainError INVOICE_NOT_FINALIZED, INVOICE_VOID, or OVERPAID when
    more is paid than the invoice's total without what credit notes took back.
    """
    require_issued(invoice)
    if paid_total > invoice.amount_owed:
        raise DomainError(f"{paid_total} is more than invoice {invoice} asks for.", code="OVERPAID")
    paid_before = invoice.amount_paid
    set_sums(invoice, paid_total=paid_total, refunded_total=refunded_total, noted_total=noted_total)
    save_standing(invoice, is_paid_anew=invoice.amount_paid != paid_before)


def set_sums(invoice: Invoice, *, paid_total: Decimal, refunded_total: Decimal, noted_total: Decimal) -> None:
    """As `record_paid_total`, of the object only. What no credit note covers of the refunded sum is `amount_returned`:
    it lowers what is due, as a note does, and never both for the same money."""
    invoice.amount_paid = paid_total
    invoice.amount_refunded = min(refunded_total, invoice.total - paid_total)
    without_note = max(invoice.amount_refunded - noted_total, ZERO)
    invoice.amount_returned = min(without_note, invoice.amount_owed - paid_total)


_TOLD = {Status.PAID: "invoice.paid", Status.PARTIALLY_PAID: "invoice.partially_paid"}


def save_standing(invoice: Invoice, *, is_paid_anew: bool = False) -> None:
    """Store the sums, and the status that follows from them. The caller has locked the invoice's row, and says whether
    what is paid has changed."""
    before = invoice.status
    invoice.status = status_of(invoice)
    sums = ["amount_paid", "amount_refunded", "amount_returned", "amount_credited"]
    invoice.save(update_fields=[*sums, "status", "updated_at"])
    event_type = _TOLD.get(Status(invoice.status))
    if event_type is not None and (is_paid_anew or before != invoice.status):
        when = clock.now().isoformat()  # it may be paid, not paid any more, and paid again
        announce(event_type, organisation_id=invoice.organisation_id, object_id=invoice.pk, occasion=when)


def status_of(invoice: Invoice) -> Status:
    """The status that follows from the sums of an issued invoice. Refunded: nothing is paid any more, nor due."""
    if invoice.amount_refunded > ZERO:
        is_all = invoice.amount_paid == ZERO and invoice.amount_returned == invoice.amount_owed
        return Status.REFUNDED if is_all else Status.PARTIALLY_REFUNDED
    if invoice.amount_credited > ZERO and invoice.amount_owed == ZERO:
        return Status.CREDITED
    if invoice.amount_paid == invoice.amount_owed:
        return Status.PAID
    return Status.PARTIALLY_PAID if invoice.amount_paid > ZERO else Status.FINALIZED
