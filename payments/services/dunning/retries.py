"""Plan, make and end the retries of failed payments. Only captured money is success.

An attempt has four steps: claim the plan, write the attempt's row, ask (outside any transaction), and note what came of
it together with the e-mail and the time of the next one. A worker that dies leaves the row; the next worker goes on
with the same attempt, and what asks finds what was made (a link by its receipt, a charge by its own row).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work import claims
from invoicing.models import Invoice
from payments.models import MandateCharge, Payment, PaymentRetry, RetryTry
from payments.models.dunning_rules import rules_of
from payments.services.dunning import letters, quiet, ways

Status, Outcome = PaymentRetry.Status, RetryTry.Outcome

ASK_AGAIN_AFTER = timedelta(hours=6)
"""How long a plan waits whose customer is not to be asked, or whose bank has not answered yet."""


def plan_retries(payment: Payment) -> PaymentRetry | None:
    """Begin a plan for a payment that failed, if its seller wants one and the invoice has none. One plan for an
    invoice: whoever fails three times in a row at checkout is not written to nine times.

    The caller holds `lock_customer_money`, and has saved the payment.
    """
    invoice = payment.asked_for
    _note_failed_attempt(payment)
    if not Invoice.objects.collectable().filter(pk=invoice.pk).exists():
        return None
    rules = rules_of(invoice.billing_entity_id)
    if not rules.retries_on or PaymentRetry.objects.open().filter(invoice=invoice).exists():
        return None
    plan: PaymentRetry
    plan, _created = PaymentRetry.objects.get_or_create(
        payment=payment,
        defaults={
            "organisation_id": payment.organisation_id,
            "invoice": invoice,
            "failed_at": payment.attempted_at,
            "next_attempt_at": payment.attempted_at + rules.schedule.pause(1),
            **rules.numbers,
        },
    )
    return plan


def attempt_retry(*, plan_id: UUID) -> None:
    """Make the attempt that is due, or end a plan whose attempts are over. Call it outside transactions."""
    plan = claims.claim(PaymentRetry.objects.live(), plan_id)
    if plan is None:
        return
    invoice = _invoice(plan)
    if not invoice.is_collectable:
        settle_retries(invoice_id=invoice.pk)
        return
    if quiet.why_quiet(invoice) or _is_being_debited(plan):
        claims.let_go(plan, after=ASK_AGAIN_AFTER)
        return
    if plan.made >= plan.max_retries:
        _give_up(plan, invoice)
        return
    attempt, _created = RetryTry.objects.get_or_create(plan=plan, number=plan.made + 1)
    try:
        asked = ways.ask(invoice)
    except DomainError as error:  # a bug is left to the claim, which ends by itself
        claims.note_failure(plan, error)
        return
    _note_asked(plan, attempt, asked)


@transaction.atomic
def settle_retries(*, invoice_id: UUID) -> None:
    """End the plan of an invoice that asks for nothing any more: succeeded if the money came by Razorpay after an
    attempt, cancelled if it came another way or is not owed. Does nothing while something is due."""
    plans = PaymentRetry.objects.open().select_for_update(of=("self",)).filter(invoice=invoice_id)
    for plan in plans:
        if Invoice.objects.collectable().filter(pk=invoice_id).exists():
            return
        paid = _payment_after_attempt(plan)
        if paid is not None:
            reason = f"Paid by {paid} after attempt {plan.made}."
            _mark_paid(plan, paid)
            _end(plan, Status.SUCCEEDED, reason)
        elif plan.is_live:
            _end(plan, Status.CANCELLED, _why_nothing_is_due(plan.invoice, made=plan.made))


def plans_to_settle() -> list[UUID]:
    """The invoices of live plans on which nothing is due: a message got lost, or the invoice is void."""
    plans = PaymentRetry.objects.live().exclude(invoice__in=Invoice.objects.collectable())
    return list(plans.values_list("invoice_id", flat=True))


def _note_asked(plan: PaymentRetry, attempt: RetryTry, asked: ways.Asked) -> None:
    """The attempt, the e-mail and the next time are one transaction: all of it, or another worker does it."""
    with transaction.atomic():
        invoice = Invoice.objects.select_related("organisation", "billing_entity").get(pk=plan.invoice_id)
        made = attempt.number
        is_last = made >= plan.max_retries
        pause = plan.schedule.last_wait if is_last else plan.schedule.pause(made + 1)
        if not claims.let_go(plan, after=pause, made=made, attempts=0):
            return
        attempt.way, attempt.order, attempt.asked_at = asked.way, asked.order, clock.now()
        attempt.error = asked.refused or asked.remark
        attempt.outcome = Outcome.FAILED if asked.refused else Outcome.ASKED
        attempt.save()
        if attempt.way == RetryTry.Way.LINK and invoice.is_collectable:
            letters.queue_retry(attempt, invoice)


def _is_being_debited(plan: PaymentRetry) -> bool:
    """By a debit of which no attempt is to be made: not one that a worker asked for and died before it noted that."""
    noted = RetryTry.objects.filter(order=OuterRef("order"))
    ours = Q(cause=MandateCharge.Cause.RETRY) & ~Exists(noted)
    return MandateCharge.objects.live().filter(invoice=plan.invoice_id).exclude(ours).exists()


def _give_up(plan: PaymentRetry, invoice: Invoice) -> None:
    with transaction.atomic():
        reason = f"{plan.made} attempts, and the invoice is still due."
        if claims.done(plan, status=Status.EXHAUSTED, ended_at=clock.now(), end_reason=reason):
            letters.queue_final_failure(plan, invoice)


def _note_failed_attempt(payment: Payment) -> None:
    """The bank's answer to the attempt that asked last."""
    tries = RetryTry.objects.filter(
        Q(way=RetryTry.Way.LINK) | Q(order=payment.order),  # a debit fails by its own payment only
        plan__invoice=payment.invoice_id,
        outcome=Outcome.ASKED,
        asked_at__lte=payment.attempted_at,
    )
    asked = tries.order_by("-asked_at").first()
    if asked is not None:
        error = payment.error_description or payment.error_code or "Razorpay gave no reason."
        RetryTry.objects.filter(pk=asked.pk).update(outcome=Outcome.FAILED, error=error, updated_at=clock.now())


def _payment_after_attempt(plan: PaymentRetry) -> Payment | None:
    first = plan.tries.filter(asked_at__isnull=False).order_by("number").first()
    if first is None:
        return None
    paid = Payment.objects.received().filter(invoice=plan.invoice_id, kind=Payment.Kind.GATEWAY)
    return paid.filter(paid_at__gte=first.asked_at).order_by("paid_at").first()


def _mark_paid(plan: PaymentRetry, payment: Payment) -> None:
    """The last attempt that asked before the money came has brought it."""
    brought = plan.tries.filter(asked_at__lte=payment.paid_at).order_by("-number").first()
    if brought is not None:
        brought.outcome, brought.error = Outcome.PAID, ""
        brought.save(update_fields=["outcome", "error", "updated_at"])


def _end(plan: PaymentRetry, status: str, reason: str) -> None:
    plan.status, plan.ended_at, plan.end_reason = status, clock.now(), reason[:200]
    plan.save(update_fields=["status", "ended_at", "end_reason", *plan.end()])


def _why_nothing_is_due(invoice: Invoice, *, made: int) -> str:
    if invoice.status in (Invoice.Status.PAID, Invoice.Status.PARTIALLY_PAID):
        return "Paid another way." if made else "Paid before the first attempt."
    return f"The invoice is {invoice.get_status_display().lower()}."


def _invoice(plan: PaymentRetry) -> Invoice:
    invoice: Invoice = Invoice.objects.select_related("organisation", "billing_entity").get(pk=plan.invoice_id)
    return invoice


def pause_of(plan: PaymentRetry) -> datetime:
    """When the next attempt is due by the plan's numbers, counted from the last attempt or from the failure."""
    last = plan.tries.filter(asked_at__isnull=False).order_by("-number").first()
    begins: Any = last.asked_at if last else plan.failed_at
    is_over = plan.made >= plan.max_retries
    wait: timedelta = plan.schedule.last_wait if is_over else plan.schedule.pause(plan.made + 1)
    return begins + wait  # type: ignore[no-any-return]
