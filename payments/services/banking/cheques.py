"""Bank lines that are the money of a recorded cheque: known by its number and amount."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from payments.models import BankLine, Cheque

FEWEST_DIGITS = 4
"""Shorter numbers in a bank's text say too little."""


def cheques_of(lines: Iterable[BankLine]) -> dict[UUID, Cheque]:
    """By line that waits, the cheque that cleared with it: not cleared yet, of the seller, currency and amount, its
    number in the text, dated by then, and the only such one. One query for all lines."""
    waiting = [line for line in lines if line.is_waiting]
    if not waiting:
        return {}
    cheques = list(
        Cheque.objects.to_clear()
        .filter(amount__in={line.amount for line in waiting})
        .select_related("organisation", "invoice")
    )
    found: dict[UUID, Cheque] = {}
    for line in waiting:
        numbers = _numbers(line.reference) | _numbers(line.narration)
        fits = [cheque for cheque in cheques if _fits(cheque, line) and _numbers(cheque.number) & numbers]
        if len(fits) == 1:
            found[line.pk] = fits[0]
    return found


def _fits(cheque: Cheque, line: BankLine) -> bool:
    seller, money = cheque.billing_entity_id == line.billing_entity_id, (cheque.amount, cheque.currency)
    return seller and money == (line.amount, line.currency) and cheque.dated <= line.day


def _numbers(text: str) -> set[str]:
    """The numbers in a text, without leading zeros: banks leave them out."""
    return {number.lstrip("0") for number in re.findall(r"[0-9]+", text) if len(number) >= FEWEST_DIGITS}
