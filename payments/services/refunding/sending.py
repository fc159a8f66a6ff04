"""Send a refund to Razorpay and follow it until it has ended; then, or in between, have its credit note issued.

`follow_refund` is one step of waiting work, which may be killed anywhere and repeated: a refund that was sent once is
looked up by its number before it is sent again, with the same key and the same words. So an answer that got lost makes
no second refund. Razorpay's word about a refund counts by one rule, whether it comes as an answer or by webhook
(`refunds.note_refund`).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import Money, to_minor
from billing_platform.lib.work import claims
from payments import emails
from payments.gateways import GatewayError, GatewayRefund, GatewayRefused, RazorpayGateway
from payments.models import Payment, Refund
from payments.services.announcing import announce_refund
from payments.services.crediting import credit_payment, lock_payment
from payments.services.disputes.recording import take_what_is_here_again
from payments.services.gateway_accounts import gateway_of
from payments.services.refunding.notes import issue_wanted_note
from payments.services.refunds import count_refunds, note_refund

Status = Refund.Status
ASKED_EVERY = timedelta(hours=1)
"""How often Razorpay is asked about a refund that is pending there: its message comes first, or got lost."""


def follow_refund(*, refund_id: UUID, early: bool = False) -> None:
    """Send the refund, or ask how it stands; note the answer, and issue the credit note that is wanted."""
    refund = claims.claim(
        Refund.objects.select_related("payment__invoice", "payment__order__invoice"), refund_id, early=early
    )
    if refund is None:
        return
    try:
        _ask_razorpay(refund)
        issue_wanted_note(refund_id=refund.pk)
    except Exception as error:  # of Razorpay, or whatever a document may throw: the row says so, and is tried again
        claims.note_failure(refund, error)
        return
    if Refund.objects.filter(pk=refund.pk, status=Status.PENDING).exists():
        claims.let_go(refund, after=ASKED_EVERY)
    else:
        claims.done(refund)


def due_refunds() -> list[UUID]:
    return claims.due_ids(Refund.objects.all())


@transaction.atomic
def try_now(*, refund_id: UUID) -> Refund:
    """An operator's wish: send it, or ask Razorpay about it, within a minute. Raises DomainError REFUND_NOT_WAITING."""
    refund: Refund = Refund.objects.select_for_update().get(pk=refund_id)
    if not may_be_asked_about(refund):
        raise DomainError("Nothing of the refund waits for Razorpay.", code="REFUND_NOT_WAITING")
    refund.save(update_fields=refund.try_now())
    return refund


def ask_razorpay(*, refund_id: UUID) -> Refund:
    """Send it, or ask about it, at once, whatever its time is. As `try_now`. Call it outside transactions."""
    try_now(refund_id=refund_id)
    follow_refund(refund_id=refund_id, early=True)
    refund: Refund = Refund.objects.get(pk=refund_id)
    return refund


def may_be_asked_about(refund: Refund) -> bool:
    """Not while a worker is at it."""
    is_waiting = refund.status == Status.PENDING or refund.waits_for_its_note
    return is_waiting and refund.work_state != claims.State.AT_WORK


def _ask_razorpay(refund: Refund) -> None:
    if refund.status != Status.PENDING:
        return
    order = refund.payment.order
    if order is None:
        return  # a transfer: nothing is sent
    gateway = gateway_of(order)
    if refund.razorpay_refund_id is not None:
        apply_refund_report(
            payment_id=refund.payment_id, report=gateway.fetch_refund(refund_id=refund.razorpay_refund_id)
        )
        return
    try:
        report = _find_or_send(gateway, refund)
    except GatewayRefused as refusal:
        if refusal.transient:
            raise
        _refuse(refund, refusal.message)
        _learn_of_others(gateway, refund.payment)
        return
    apply_refund_report(payment_id=refund.payment_id, report=report, answer_to=refund.pk)


def _find_or_send(gateway: RazorpayGateway, refund: Refund) -> GatewayRefund:
    found = _find(gateway, refund) if refund.sent_at is not None else None
    if found is not None:
        return found
    # Noted before the call: should this process die now, the next one looks up first.
    Refund.objects.filter(pk=refund.pk, sent_at__isnull=True).update(sent_at=clock.now())
    try:
        return _send(gateway, refund)
    except GatewayRefused as refusal:
        if refusal.transient:
            raise
        # A call that we believed lost may have made it: then Razorpay refuses another one for the same money.
        found = _find(gateway, refund)
        if found is None:
            raise
        return found


def _send(gateway: RazorpayGateway, refund: Refund) -> GatewayRefund:
    """Always the same words: they come from columns that never change."""
    return gateway.create_refund(
        payment_id=refund.payment.razorpay_payment_id or "",
        amount_minor=to_minor(Money(refund.amount, refund.currency)),
        key=str(refund.pk),
        receipt=refund.refund_number,
        notes={"invoice": _invoice_number(refund), "refund_number": refund.refund_number},
    )


def _invoice_number(refund: Refund) -> str:
    order = refund.payment.order
    return order.invoice.number if order else ""


def _find(gateway: RazorpayGateway, refund: Refund) -> GatewayRefund | None:
    """What Razorpay holds under our number."""
    known = gateway.payment_refunds(payment_id=refund.payment.razorpay_payment_id or "")
    return next((each for each in known if each.receipt == refund.refund_number), None)


@transaction.atomic
def apply_refund_report(*, payment_id: UUID, report: GatewayRefund, answer_to: UUID | None = None) -> None:
    """Record what Razorpay says about one refund of a payment. An older report than what we know changes nothing.

    `answer_to` is the refund of ours that Razorpay was asked to make.
    """
    payment = lock_payment(payment_id)
    refund = note_refund(payment, report, answer_to=answer_to)
    if answer_to is not None and refund.pk != answer_to:  # a message without our number came first
        now = clock.now()
        double = Refund.objects.filter(pk=answer_to, status=Status.PENDING, razorpay_refund_id__isnull=True)
        double.update(status=Status.FAILED, failure=f"It is on record as {refund}.", ended_at=now, closed_at=now)
    _count(payment)
    emails.queue_refund(refund)


@transaction.atomic
def _refuse(refund: Refund, why: str) -> None:
    """Razorpay will not make it: the money is the invoice's again. Not if a message said meanwhile that it is made."""
    payment = lock_payment(refund.payment_id)
    row = Refund.objects.select_for_update().get(pk=refund.pk)
    if row.status != Status.PENDING or row.razorpay_refund_id is not None:
        return
    row.status, row.failure, row.ended_at = Status.FAILED, why, clock.now()
    row.save(update_fields=["status", "failure", "ended_at", "updated_at"])
    _count(payment)
    announce_refund(row)


def _count(payment: Payment) -> None:
    count_refunds(payment)
    payment.save(update_fields=["amount_refunded", "status", "updated_at"])
    credit_payment(payment, with_receipt=False)
    take_what_is_here_again(payment)


def _learn_of_others(gateway: RazorpayGateway, payment: Payment) -> None:
    """Why Razorpay refuses may be a refund that somebody made in its dashboard, and whose message is still to come."""
    try:
        known = gateway.payment_refunds(payment_id=payment.razorpay_payment_id or "")
    except GatewayError:  # its message tells, sooner or later
        return
    for report in known:
        apply_refund_report(payment_id=payment.pk, report=report)


@transaction.atomic
def close_failed(*, refund_id: UUID) -> Refund:
    """A person says that nothing more is to be done about a failed refund. Raises DomainError REFUND_NOT_FAILED."""
    refund: Refund | None = (
        Refund.objects.failed_and_not_tried_again().select_for_update(of=("self",)).filter(pk=refund_id).first()
    )
    if refund is None:
        raise DomainError("The refund did not fail, or is taken care of.", code="REFUND_NOT_FAILED")
    refund.closed_at = clock.now()
    refund.save(update_fields=["closed_at", "updated_at"])
    return refund
