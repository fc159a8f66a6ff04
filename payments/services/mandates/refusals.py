"""A debit that Razorpay refused for good: nothing was taken, and the customer is told how else to pay."""

from __future__ import annotations

from django.db import transaction

from payments.models import MandateCharge
from payments.services.debit_outcomes import end_debit
from payments.services.mandates import emails

Status = MandateCharge.Status


@transaction.atomic
def end_without_payment(charge: MandateCharge, reason: str) -> None:
    """Only while the claim is still the caller's: who took the row over may have succeeded."""
    rows = MandateCharge.objects.select_for_update(of=("self",)).select_related("invoice__organisation", "mandate")
    row = rows.get(pk=charge.pk)
    if row.status not in (Status.ANNOUNCED, Status.ASKED) or row.claimed_until != charge.claimed_until:
        return
    end_debit(row, Status.FAILED, reason, "")
    if row.invoice.is_collectable:
        emails.queue_not_debited(row)
