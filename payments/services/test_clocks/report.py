"""What became of a test customer while its clock was last moved, read from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing_platform.lib.periods import BillingPeriod
from invoicing.models import Invoice
from organisations.models import Notification, TestClock, WebhookMessage
from payments.models import LateFee, Reminder


@dataclass(frozen=True, slots=True)
class Happened:
    """Since the clock stood at `moved_from`. `drafts` wait for a person, or for the end of their days of grace."""

    invoices: Sequence[Invoice]
    drafts: Sequence[Invoice]
    emails: int
    reminders: int
    late_fees: int
    webhook_messages: int


def happened(row: TestClock) -> Happened:
    within = (row.moved_from, row.now)
    invoices: Any = Invoice.objects.filter(organisation=row.organisation_id)
    reminders = Reminder.objects.filter(invoice__organisation=row.organisation_id, status=Reminder.Status.SENT)
    return Happened(
        invoices=list(invoices.filter(finalized_at__range=within).order_by("finalized_at", "pk")),
        drafts=list(invoices.filter(status=Invoice.Status.DRAFT, period_start__isnull=False).order_by("period_start")),
        emails=Notification.objects.filter(organisation=row.organisation_id, created_at__range=within).count(),
        reminders=reminders.filter(created_at__range=within).count(),
        late_fees=LateFee.objects.filter(invoice__organisation=row.organisation_id, created_at__range=within).count(),
        webhook_messages=WebhookMessage.objects.filter(
            organisation=row.organisation_id, created_at__range=within
        ).count(),
    )


def next_month_to_bill(row: TestClock) -> BillingPeriod:
    """The month that is not over by its clock."""
    return BillingPeriod.containing(row.now, row.organisation.zone)
