"""The merchant's balance with Razorpay: a line for each thing that changes it, in paise."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet, Sum

from billing_platform.local.razorpay import clock, currencies, identifiers
from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.models import BalanceEntry, Dispute, Payment, Refund
from billing_platform.local.razorpay.working_days import settlement_time

Kind = BalanceEntry.Kind


def in_rupees(amount: int, currency: str) -> int:
    """Settlements are in rupees; a currency without a rate counts one to one."""
    converted = currencies.base_amount(amount, currency)
    return amount if converted is None else converted


def record_capture(payment: Payment) -> None:
    """Credit the payment less its fee, to be settled two working days later. A mandate alone brings no money."""
    if payment.amount == 0:
        return
    currency, now = payment.currency, clock.now()
    amount, fee, tax = (in_rupees(part, currency) for part in (payment.amount, payment.fee or 0, payment.tax or 0))
    BalanceEntry.objects.create(
        kind=Kind.PAYMENT,
        public_id=payment.public_id,
        payment=payment,
        amount=amount,
        credit=amount - fee,
        fee=fee,
        tax=tax,
        description=payment.description,
        due_at=settlement_time(now),
        created_at=now,
    )


def record_refund(refund: Refund) -> None:
    """Debit it from the next settlement. An uncaptured payment was never credited."""
    if not refund.payment.captured:
        return
    amount, now = in_rupees(refund.amount, refund.currency), clock.now()
    BalanceEntry.objects.create(
        kind=Kind.REFUND,
        public_id=refund.public_id,
        payment=refund.payment,
        refund=refund,
        amount=amount,
        debit=amount,
        due_at=now,
        created_at=now,
    )


def reverse_refund(refund: Refund) -> None:
    """A refund that failed: its debit disappears, or, if it is settled, comes back as an adjustment."""
    waiting = refund.entries.filter(settlement=None)
    if waiting.exists():
        waiting.delete()
    elif refund.entries.exists():
        amount = in_rupees(refund.amount, refund.currency)
        record_adjustment(amount=amount, description=f"Reversal of {refund.public_id}", payment=refund.payment)


def record_lost_dispute(dispute: Dispute) -> None:
    amount = in_rupees(dispute.amount_deducted, dispute.payment.currency)
    record_adjustment(
        amount=-amount, description=f"Debit for {dispute.public_id}", payment=dispute.payment, dispute=dispute
    )


def record_won_dispute(dispute: Dispute) -> None:
    """What was deducted when it was lost."""
    amount = in_rupees(dispute.amount_deducted, dispute.payment.currency)
    record_adjustment(
        amount=amount, description=f"Credit for {dispute.public_id}", payment=dispute.payment, dispute=dispute
    )


@transaction.atomic
def record_adjustment(
    *, amount: int, description: str, payment: Payment | None = None, dispute: Dispute | None = None
) -> BalanceEntry:
    """Credit the amount in paise; a negative one is debited."""
    if amount == 0:
        raise RazorpayError("The amount must not be 0.", field="amount")
    now = clock.now()
    return BalanceEntry.objects.create(
        kind=Kind.ADJUSTMENT,
        public_id=identifiers.new_adjustment_id(),
        payment=payment,
        dispute=dispute,
        amount=abs(amount),
        credit=max(amount, 0),
        debit=max(-amount, 0),
        description=description,
        due_at=now,
        created_at=now,
    )


def net_of(entries: QuerySet[BalanceEntry]) -> int:
    sums = entries.aggregate(credit=Sum("credit", default=0), debit=Sum("debit", default=0))
    return int(sums["credit"] - sums["debit"])
