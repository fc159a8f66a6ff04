"""What a test customer lives through at one moment of its clock, in the order of the jobs that do it for others.

Every step is the same service that does it for others, and may be done twice. The caller lets the clock stand at the
moment, and wakes nobody: nothing here calls out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import due_ids
from events.models import UsagePeriod
from events.services.months import close_period
from invoicing.errors import NothingToBill
from invoicing.models import Invoice, InvoiceDelivery
from invoicing.services import delivery, overdue
from invoicing.services.drafting import create_draft
from invoicing.services.facts.issuing_facts import grace_ends
from invoicing.services.issuing import finalize_invoice
from organisations.models import Organisation, TestClock
from payments.selectors import credit_of
from payments.services import allocating
from payments.services.dunning import late_fees, reminders

WAITS_FOR_A_PERSON = ("APPROVAL_REQUIRED", "BILLING_HELD")


def live_through(row: TestClock, moment: datetime) -> None:
    """Bill months that are over, deliver invoices, use credit, remind, charge late fees."""
    organisation = row.organisation
    for period in months_to_bill(row, moment):
        _bill(organisation, period, moment)
    for invoice_id in due_ids(InvoiceDelivery.objects.filter(invoice__organisation=organisation)):
        delivery.deliver(invoice_id=invoice_id)
    still_due = Invoice.objects.filter(organisation=organisation).collectable().order_by("due_date", "pk")
    if not still_due.exists():
        return
    if organisation.uses_credit and credit_of(organisation.pk).exists():
        for invoice_id in list(still_due.values_list("pk", flat=True)):
            allocating.use_credit(invoice_id=invoice_id)
    for invoice_id in late_fees.invoices_with_late_fees(organisation=organisation):
        late_fees.charge_late_fees(invoice_id=invoice_id)
    for invoice_id in reminders.reminders_due_of(organisation):
        reminders.send_due_reminder(invoice_id=invoice_id)
    overdue.announce_overdue(organisation=organisation)


def months_to_bill(row: TestClock, moment: datetime) -> list[BillingPeriod]:
    """Months that are over at a moment and still open, from the month in which the clock began."""
    ended = list(_ended(row, moment))
    months = UsagePeriod.objects.filter(organisation=row.organisation, closed_at__isnull=False)
    closed = set(months.filter(month__in=[period.start for period in ended]).values_list("month", flat=True))
    return [period for period in ended if period.start not in closed]


def take_back_claims(organisation: Organisation) -> None:
    """A job that died in the middle of an invoice's PDF has a claim on it, by the clock's time: there is no other."""
    InvoiceDelivery.objects.filter(invoice__organisation=organisation).update(claimed_until=None)


def _ended(row: TestClock, moment: datetime) -> Iterator[BillingPeriod]:
    zone = row.organisation.zone
    period = BillingPeriod.containing(row.started_at, zone)
    while period.bounds(zone)[1] <= moment:
        yield period
        period = period.next()


def _bill(organisation: Organisation, period: BillingPeriod, moment: datetime) -> None:
    """Draft a month, and issue it once its days of grace are over. A draft that needs a person waits for one."""
    invoice = Invoice.objects.billing().filter(organisation=organisation, period_start=period.start).first()
    if invoice is None:
        try:
            invoice = create_draft(organisation=organisation, period=period)
        except NothingToBill:
            close_period(organisation=organisation, period=period, closed_by="test clock")
            return
    ends = grace_ends(organisation, invoice.created_at)
    if not invoice.is_draft or (ends is not None and moment < ends):
        return
    try:
        finalize_invoice(invoice_id=invoice.pk)
    except DomainError as error:
        if error.code not in WAITS_FOR_A_PERSON:
            raise
