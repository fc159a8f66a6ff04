"""Who is not asked again for now: held customers, invoices with a promise or a pause, and those that are being
debited."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from billing_platform.lib import clock
from invoicing.models import Invoice
from organisations.models import BillingHold
from payments.models import MandateCharge, ReminderPause
from payments.models.reminder_pause import paused

HOLDS = (BillingHold.Kind.NO_COLLECTION, BillingHold.Kind.NO_EMAIL, BillingHold.Kind.NO_REMINDERS)


def not_quiet(invoices: QuerySet[Invoice], *, time_zone: str) -> QuerySet[Invoice]:
    """Those that may be asked for again today; the customers are all in this time zone."""
    holds = BillingHold.objects.standing().filter(kind__in=HOLDS, organisation=OuterRef("organisation"))
    debits = MandateCharge.objects.live().filter(invoice=OuterRef("pk"))
    return invoices.exclude(Exists(holds)).exclude(paused(clock.today(time_zone))).exclude(Exists(debits))


def why_quiet(invoice: Invoice) -> str:
    """The sentence of what keeps everybody from asking; "" if nothing does."""
    for hold in invoice.organisation.standing_holds:
        if hold.kind in HOLDS:
            return str(hold.sentence)
    pause = standing_pause(invoice)
    return pause.sentence if pause else ""


def standing_pause(invoice: Invoice) -> ReminderPause | None:
    today = clock.today(invoice.organisation.time_zone)
    return ReminderPause.objects.standing(today).filter(invoice=invoice).first()


def live_debit(invoice: Invoice) -> MandateCharge | None:
    """The debit of an invoice that is announced or at the bank: its outcome comes before anything else is asked."""
    found: MandateCharge | None = MandateCharge.objects.live().filter(invoice=invoice).select_related("mandate").first()
    return found
