"""Settlements: what of the balance goes to the merchant's bank, and when."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from billing_platform.local.razorpay import clock, identifiers, webhooks
from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.models import BalanceEntry, Settlement, State
from billing_platform.local.razorpay.services.balance import net_of

Status = Settlement.Status


def settle_what_is_due() -> None:
    """One settlement for each day on which something became due, oldest day first."""
    if not State.load().settle_automatically:
        return
    now = clock.now()
    payments = _waiting().filter(kind=BalanceEntry.Kind.PAYMENT, due_at__lte=now)
    for due_at in sorted(set(payments.values_list("due_at", flat=True))):
        _settle_day(due_at)


def _waiting() -> QuerySet[BalanceEntry]:
    return BalanceEntry.objects.filter(settlement=None)


@transaction.atomic
def _settle_day(due_at: int) -> None:
    """Refunds and adjustments are netted; a day that owes more than it brings waits for the next one."""
    entries = _waiting().filter(due_at__lte=due_at)
    if net_of(entries) > 0:
        _settle(entries, created_at=due_at)


@transaction.atomic
def settle_now(*, most: int | None = None, fails: bool = False) -> Settlement:
    """Settle what waits, due or not. `most` (paise) leaves out payments that would go beyond it; the bank may fail."""
    entries = _waiting()
    if most is not None:
        entries = _waiting().filter(pk__in=_within(entries, most))
    if net_of(entries) <= 0:
        raise RazorpayError("There is nothing to settle.")
    return _settle(entries, created_at=clock.now(), fails=fails)


def _within(entries: QuerySet[BalanceEntry], most: int) -> list[int]:
    """All debits, and the oldest payments as far as the amount goes."""
    chosen, total = [], 0
    for entry in sorted(entries, key=lambda entry: (entry.debit == 0, entry.created_at, entry.pk)):
        net = entry.credit - entry.debit
        if total + net <= most:
            chosen.append(entry.pk)
            total += net
    return chosen


def _settle(entries: QuerySet[BalanceEntry], *, created_at: int, fails: bool = False) -> Settlement:
    settlement = Settlement.objects.create(
        amount=net_of(entries),
        status=Status.FAILED if fails else Status.PROCESSED,
        utr=None if fails else f"{created_at}{identifiers.random_text(6).lower()}",
        created_at=created_at,
    )
    if not fails:  # money that did not arrive waits for the next settlement
        entries.update(settlement=settlement)
        webhooks.announce([webhooks.settlement_processed(settlement)])
    return settlement
