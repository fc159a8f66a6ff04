"""Tell outgoing webhooks how payments, refunds and disputes stand, once for each state that they come to."""

from __future__ import annotations

from organisations.webhooks.announcing import announce
from payments.models import Dispute, Payment, Refund

_NOT_PAID = {Payment.Status.AUTHORIZED: "payment.authorized", Payment.Status.FAILED: "payment.failed"}
_REFUND = {
    Refund.Status.PENDING: "refund.created",
    Refund.Status.PROCESSED: "refund.processed",
    Refund.Status.FAILED: "refund.failed",
}
_DECIDED = (Dispute.Status.WON, Dispute.Status.LOST, Dispute.Status.CLOSED)


def announce_payment(payment: Payment, *, before: str = "", was_paid: bool = False) -> None:
    """Call it once the payment was credited. `before` is the status that it had, `was_paid` whether it had come in."""
    if payment.status == Payment.Status.REVERSED:
        event_type = "payment.reversed"
    elif payment.paid_at is not None:
        event_type = "" if was_paid else "payment.captured"
    else:
        event_type = _NOT_PAID.get(Payment.Status(payment.status), "") if payment.status != before else ""
    if event_type:
        announce(event_type, organisation_id=payment.organisation_id, object_id=payment.pk)


def announce_refund(refund: Refund) -> None:
    """Call it where the status has changed."""
    event_type = _REFUND[Refund.Status(refund.status)]
    announce(event_type, organisation_id=refund.payment.organisation_id, object_id=refund.pk)


def announce_dispute(dispute: Dispute, *, before: str) -> None:
    """`before` is the status that it had, empty for a new one."""
    owner = dispute.payment.organisation_id
    if not before:
        announce("dispute.created", organisation_id=owner, object_id=dispute.pk)
    if dispute.status in _DECIDED:
        announce("dispute.closed", organisation_id=owner, object_id=dispute.pk)
    elif before:
        announce("dispute.updated", organisation_id=owner, object_id=dispute.pk, occasion=dispute.told_at.isoformat())
