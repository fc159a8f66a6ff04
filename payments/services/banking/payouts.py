"""Razorpay's payouts on a bank statement: known by UTR and amount, and never booked as a customer's payment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from invoicing.rates import BOOKS
from payments.banking.narrations import plain_number, transfer_numbers
from payments.models import BankLine, Payout

SEARCHED = timedelta(days=10)
"""A line is looked for among payouts begun so long before its day, and a payout among lines so long after it."""
Transfer: TypeAlias = tuple[str, Decimal]


def payouts_of(lines: Iterable[BankLine]) -> dict[UUID, Payout]:
    """By line, the payout that it is: the same UTR and amount, of the seller's account, and on no other line."""
    rupees = [line for line in lines if line.currency == BOOKS]
    if not rupees:
        return {}
    first, last = min(line.day for line in rupees), max(line.day for line in rupees)
    begun = Payout.objects.filter(begun_at__date__range=(first - SEARCHED, last + timedelta(days=1)))
    known = _by_transfer(begun.exclude(utr="").filter(bank_line__isnull=True).select_related("gateway_account"))
    found: dict[UUID, Payout] = {}
    for line in rupees:
        payout = next((known[key] for key in _keys(line) if key in known), None)
        if payout is not None and _is_of_seller(payout, line):
            found[line.pk] = payout
            del known[_key(payout)]
    return found


@transaction.atomic
def join_payouts() -> int:
    """Mark waiting lines that are payouts which were fetched meanwhile; how many. Safe to repeat and at once."""
    waiting = BankLine.objects.waiting().filter(currency=BOOKS).filter(Q(narration__icontains="RAZORPAY") | _has_utr())
    lines = list(waiting.select_for_update(of=("self",)).order_by("pk"))
    found = payouts_of(lines)
    for line in lines:
        if line.pk in found:
            join(line, found[line.pk])
    return len(found)


def join(line: BankLine, payout: Payout) -> None:
    """Say of a line that it is this payout. The caller has locked the line, or just made it."""
    line.payment, line.payout, line.outcome = None, payout, BankLine.Outcome.PAYOUT
    line.save(update_fields=["payment", "payout", "outcome", "updated_at"])


def reads_like_a_payout(line: BankLine) -> bool:
    """Razorpay is named as the sender. A payout that is not fetched yet is joined once it is."""
    return "RAZORPAY" in line.narration.upper().replace(" ", "")


def _has_utr() -> Q:
    """Lines whose reference is the UTR of a payout that has not arrived."""
    open_ones = Payout.objects.exclude(utr="").filter(bank_line__isnull=True)
    return Q(reference__in=open_ones.values("utr"))


def _by_transfer(payouts: Iterable[Payout]) -> dict[Transfer, Payout]:
    return {_key(payout): payout for payout in payouts}


def _key(payout: Payout) -> Transfer:
    return plain_number(payout.utr), payout.amount


def _keys(line: BankLine) -> list[Transfer]:
    numbers = dict.fromkeys([plain_number(line.reference), *transfer_numbers(line.reference, line.narration)])
    return [(number, line.amount) for number in numbers if number]


def _is_of_seller(payout: Payout, line: BankLine) -> bool:
    """The account of the environment collects for each seller that has none of its own."""
    account = payout.gateway_account
    return account is None or account.billing_entity_id == line.billing_entity_id
