"""A month whose invoice or draft was taken away: it is not billed, and waits for a person."""

from __future__ import annotations

from billing_platform.lib import clock
from invoicing.models import BillingRun, BillingRunItem, Invoice

Status = BillingRunItem.Status


def wait_for_a_person(items: list[BillingRunItem], invoice: Invoice, reason: str) -> None:
    """Mark the item of the invoice's month: the month has no invoice. A month without an item gets one, or no page
    would show that it is unbilled. An item that a worker will take up anyway stays as it is: the run bills the month.

    `items` is what `lock_items` gave, before the invoice was locked.
    """
    period = invoice.period
    if period is None:
        return
    ended = {"status": Status.VOIDED, "invoice": invoice, "reason": reason, "finished_at": clock.now()}
    if not items:
        run, _created = BillingRun.objects.get_or_create(
            period_start=period.start, defaults={"requested_by": "an invoice taken back"}
        )
        item = BillingRunItem(run=run, organisation=invoice.organisation, **ended)
        BillingRunItem.objects.bulk_create([item], ignore_conflicts=True)  # a run may have been started meanwhile
    for item in items:
        if item.status not in (Status.PENDING, Status.CLAIMED):
            for name, value in ended.items():
                setattr(item, name, value)
            item.save(update_fields=[*ended, "updated_at"])


def park_without_draft(item: BillingRunItem) -> None:
    """The draft that waited for approval was discarded: the month is to be decided about all the same. The caller holds
    the item's lock."""
    if item.status != Status.APPROVAL:
        return
    item.invoice, item.status = None, Status.PARKED
    item.reason = "Its draft was discarded before it was approved."
    item.reasons = [{"code": "DRAFT_DISCARDED", "message": item.reason}]
    item.save(update_fields=["invoice", "status", "reason", "reasons", "updated_at"])
