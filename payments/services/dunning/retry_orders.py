"""What people order of a retry: try now, other pauses, or no more attempts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.work.claims import State
from billing_platform.lib.work.waking import wake_on_commit
from payments.dunning.retry_schedule import MAX_ATTEMPTS
from payments.models import Payment, PaymentRetry, RetryTry
from payments.models.dunning_rules import rules_of
from payments.services.crediting import lock_payment
from payments.services.dunning import quiet
from payments.services.dunning.retries import pause_of

Status = PaymentRetry.Status


def plan_of(payment: Payment) -> PaymentRetry | None:
    """The plan that is about a payment: its own, or that of the same invoice's earlier failure."""
    if payment.invoice_id is None:
        return None  # money on account was never asked for
    plans = PaymentRetry.objects.filter(invoice=payment.invoice_id).select_related("invoice")
    return plans.filter(payment=payment).first() or plans.first()


def why_not_retryable(payment: Payment) -> DomainError | None:
    """Why a failed payment can't be tried again now; None when it can."""
    invoice = payment.asked_for
    if payment.status != Payment.Status.FAILED:
        state = payment.get_status_display().lower()
        return DomainError(f"Only a failed payment is tried again; this one is {state}.", code="PAYMENT_NOT_FAILED")
    if not invoice.is_collectable:
        return DomainError(f"Nothing is due on invoice {invoice}.", code="INVOICE_NOT_COLLECTABLE")
    if reason := quiet.why_quiet(invoice):
        return DomainError(f"Nobody asks for invoice {invoice} now. {reason}", code="COLLECTION_PAUSED")
    if quiet.live_debit(invoice):
        text = f"A debit of invoice {invoice} is announced or at the bank: its outcome comes first."
        return DomainError(text, code="CHARGE_IN_PROGRESS")
    return None


@transaction.atomic
def retry_now(*, payment_id: UUID, by: str) -> PaymentRetry:
    """Have a worker try to collect at once. A plan that is over gets one more attempt, at most ten in all.

    Raises NotFound, and DomainError PAYMENT_NOT_FAILED, INVOICE_NOT_COLLECTABLE, COLLECTION_PAUSED, CHARGE_IN_PROGRESS,
    RETRY_IN_PROGRESS, RETRIES_USED_UP or RETRY_SUCCEEDED.
    """
    payment = lock_payment(payment_id)
    refusal = why_not_retryable(payment)
    if refusal is not None:
        raise refusal
    plan = _locked_plan(payment) or new_plan(payment)
    if plan.work_state == State.AT_WORK:
        raise DomainError("The payment is being tried at this moment.", code="RETRY_IN_PROGRESS")
    if plan.made >= plan.max_retries:
        if plan.max_retries >= MAX_ATTEMPTS:
            raise DomainError(f"It was tried {MAX_ATTEMPTS} times: talk to the customer.", code="RETRIES_USED_UP")
        plan.max_retries += 1
    plan.ended_at, plan.end_reason = None, ""
    plan.status = Status.SCHEDULED
    plan.try_now()
    plan.save()
    RetryTry.objects.update_or_create(plan=plan, number=plan.made + 1, defaults={"asked_by": by[:200]})
    wake_on_commit("payments.tasks.retry_payment", plan.pk)
    return plan


@transaction.atomic
def configure_retries(*, payment_id: UUID, changes: dict[str, Any]) -> PaymentRetry:
    """Give the plan of one failed payment numbers of its own (`max_retries`, `base_hours`, `factor`, `cap_hours`), or
    end it (`enabled` false). The next attempt moves to where the new numbers put it.

    Raises NotFound, DomainError RETRY_NOT_PLANNED, and InvalidInput for numbers out of bounds or fewer attempts than
    were made.
    """
    payment = lock_payment(payment_id)
    plan = _locked_plan(payment)
    if plan is None or not plan.is_live:
        raise DomainError("No retry of this payment is planned: there is nothing to change.", code="RETRY_NOT_PLANNED")
    if plan.work_state == State.AT_WORK:
        raise DomainError("The payment is being tried at this moment.", code="RETRY_IN_PROGRESS")
    if changes.pop("enabled", True) is False:
        plan.status, plan.ended_at, plan.end_reason = Status.CANCELLED, clock.now(), "Stopped by a person."
        plan.end()
        plan.save()
        return plan
    for name, value in changes.items():
        setattr(plan, name, value)
    if plan.made > plan.max_retries:
        raise InvalidInput.field("attempts", f"{plan.made} attempts were made already.")
    plan.full_clean()
    plan.next_attempt_at = max(pause_of(plan), clock.now())
    plan.save()
    return plan


def _locked_plan(payment: Payment) -> PaymentRetry | None:
    known = plan_of(payment)
    if known is None:
        return None
    if known.status == Status.SUCCEEDED or (not known.is_live and known.payment_id != payment.pk):
        known = PaymentRetry.objects.filter(payment=payment).first() or known
        if known.payment_id != payment.pk:
            return None
    rows = PaymentRetry.objects.select_for_update(of=("self",)).select_related("invoice", "payment")
    plan: PaymentRetry = rows.get(pk=known.pk)
    if plan.status == Status.SUCCEEDED:
        raise DomainError("This retry has succeeded. If money is due again, send a link.", code="RETRY_SUCCEEDED")
    return plan


def new_plan(payment: Payment) -> PaymentRetry:
    """With the seller's numbers; not stored."""
    return PaymentRetry(
        organisation_id=payment.organisation_id,
        invoice=payment.invoice,
        payment=payment,
        failed_at=payment.attempted_at,
        **rules_of(payment.seller_id).numbers,
    )
