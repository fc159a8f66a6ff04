"""What happens by itself as time passes."""

from __future__ import annotations

from billing_platform.local.razorpay import clock, failures
from billing_platform.local.razorpay.models import Payment, PaymentLink
from billing_platform.local.razorpay.services import payment_links, payments

NO_ANSWER_AFTER = 10 * clock.MINUTE


def run_due() -> None:
    """Late authorisations, unanswered and uncaptured payments, expired links."""
    now = clock.now()
    in_status = Payment.objects.filter
    for payment in in_status(status=Payment.Status.FAILED, late_at__lte=now):
        payments.late_authorize_payment(payment_id=payment.public_id)
    for payment in in_status(status=Payment.Status.CREATED, created_at__lte=now - NO_ANSWER_AFTER):
        payments.fail_payment(payment_id=payment.public_id, reason=failures.TIMED_OUT)
    for payment in in_status(status=Payment.Status.AUTHORIZED, release_at__lte=now):
        payments.release_uncaptured_payment(payment_id=payment.public_id)
    payable = (PaymentLink.Status.CREATED, PaymentLink.Status.PARTIALLY_PAID)
    for link in PaymentLink.objects.filter(status__in=payable, expires_at__lte=now):
        payment_links.expire_payment_link(link_id=link.public_id)
