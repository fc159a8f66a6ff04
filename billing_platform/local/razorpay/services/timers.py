"""What happens by itself as time passes."""

from __future__ import annotations

from billing_platform.local.razorpay import clock, failures
from billing_platform.local.razorpay.models import Dispute, Payment, PaymentLink, RegistrationLink
from billing_platform.local.razorpay.services import (
    disputes,
    payment_links,
    payments,
    recurring,
    registration_links,
    settlements,
)

NO_ANSWER_AFTER = 10 * clock.MINUTE


def run_due() -> None:
    """Answers of banks, late or at their time; unanswered and uncaptured payments; what expired."""
    now = clock.now()
    in_status = Payment.objects.filter
    for payment in in_status(status=Payment.Status.FAILED, late_at__lte=now):
        payments.late_authorize_payment(payment_id=payment.public_id)
    created = in_status(status=Payment.Status.CREATED)
    for payment in created.filter(recurring=False, created_at__lte=now - NO_ANSWER_AFTER):
        payments.fail_payment(payment_id=payment.public_id, reason=failures.TIMED_OUT)
    for payment in created.filter(recurring=True, debit_at__lte=now):
        recurring.end_debit(payment_id=payment.public_id)
    for payment in in_status(status=Payment.Status.AUTHORIZED, release_at__lte=now):
        payments.release_uncaptured_payment(payment_id=payment.public_id)
    for dispute in Dispute.objects.filter(status=Dispute.Status.OPEN, respond_by__lt=now):
        disputes.lose_dispute(dispute_id=dispute.public_id)  # nobody answered
    _expire_links(now)
    settlements.settle_what_is_due()


def _expire_links(now: int) -> None:
    payable = (PaymentLink.Status.CREATED, PaymentLink.Status.PARTIALLY_PAID)
    for link in PaymentLink.objects.filter(status__in=payable, expires_at__lte=now):
        payment_links.expire_payment_link(link_id=link.public_id)
    issued = RegistrationLink.objects.filter(status=RegistrationLink.Status.ISSUED, expire_by__lte=now)
    for registration in issued:
        registration_links.expire_registration_link(link_id=registration.public_id)
