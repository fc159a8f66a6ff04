"""A debit that Razorpay refused for good: nothing was taken, and the customer is told how else to pay."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_noop

from payments.models import MandateCharge
from payments.services.debit_outcomes import end_debit, lock_debit
from payments.services.mandates import emails

Status = MandateCharge.Status
FOR_THE_PAYER = gettext_noop("Our payment provider did not take it.")
"""What Razorpay says is for operators: it may be about our keys."""


@transaction.atomic
def end_without_payment(charge: MandateCharge, reason: str) -> None:
    """Only while the claim is still the caller's: who took the row over may have succeeded."""
    row = lock_debit(MandateCharge.objects.filter(pk=charge.pk))
    if row is None or row.status not in (Status.ANNOUNCED, Status.ASKED) or row.claimed_until != charge.claimed_until:
        return
    end_debit(row, Status.FAILED, reason, "")
    emails.queue_not_debited([row.pk], reason=FOR_THE_PAYER)
