"""Amounts of one document split over its rates and service codes: the parts add up, and none takes all that is over."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from billing_platform.lib.money import ZERO, round_money
from invoicing.rates import BOOKS

_DIGITS = 60


def settle(exact: Sequence[Decimal], to: Decimal | None = None) -> list[Decimal]:
    """Round amounts to paise so that they add up to `to`, or to their own rounded sum: each part is the difference of
    two rounded running totals. Three times 0.333 are 0.33, 0.34 and 0.33, together 1.00.

    Where `to` is in another currency than the amounts, they are shares of it.
    """
    whole = sum(exact, ZERO)
    target = round_money(whole, BOOKS) if to is None else to
    with localcontext() as context:
        context.prec = _DIGITS
        scale = Decimal(1) if to is None else to / whole if whole else ZERO
        running, before, parts = ZERO, ZERO, []
        for amount in exact:
            running += amount
            now = round_money(running * scale, BOOKS)
            parts.append(now - before)
            before = now
    if parts and before != target:  # without a sum there are no shares: the first part has it all
        parts[0] += target - before
    return parts
