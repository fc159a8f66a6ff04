"""Which thresholds a value crosses: those that are given, and behind the last of them one at every step.

A threshold is crossed where it does not hold for the value before and holds now: for `gte` that is
previous < threshold ≤ current, and the other way round for a value that falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

RISING = frozenset({"gt", "gte"})
FALLING = frozenset({"lt", "lte"})
STRICT = frozenset({"gt", "lt"})

MOST_AT_ONCE = 20
"""A step may be small and a value great: of more thresholds that are crossed at once, those nearest to the value."""

_DIGITS = 90  # of a quotient and of a product: a value has 38 digits, and so has a step


def holds(value: Decimal, operator: str, threshold: Decimal) -> bool:
    """Whether a value is greater than (`gt`), at or above (`gte`), … a threshold."""
    if operator in RISING:
        return value > threshold or (value == threshold and operator not in STRICT)
    if operator in FALLING:
        return value < threshold or (value == threshold and operator not in STRICT)
    return value == threshold


def crossed(
    *,
    previous: Decimal | None,
    current: Decimal,
    operator: str,
    thresholds: Sequence[Decimal],
    step: Decimal | None = None,
) -> tuple[Decimal, ...]:
    """The thresholds crossed on the way from one value to the next, in the order in which they were crossed.

    Without a previous value every threshold that holds is crossed. `step` goes on from the greatest threshold, or down
    from the smallest where the operator looks for falling values. At most MOST_AT_ONCE, those nearest to the value.
    """
    found = [
        threshold
        for threshold in set(thresholds)
        if holds(current, operator, threshold) and (previous is None or not holds(previous, operator, threshold))
    ]
    found.sort(reverse=operator in FALLING)
    if step:
        found += _stepped(previous, current, operator, thresholds, step)
    return tuple(found[-MOST_AT_ONCE:])


def _stepped(
    previous: Decimal | None, current: Decimal, operator: str, thresholds: Sequence[Decimal], step: Decimal
) -> list[Decimal]:
    last, direction = (max(thresholds), 1) if operator in RISING else (min(thresholds), -1)
    with localcontext(prec=_DIGITS):
        reached = _steps_to(current, last, direction, operator, step)
        before = 0 if previous is None else _steps_to(previous, last, direction, operator, step)
        first = max(before, reached - MOST_AT_ONCE) + 1
        return [last + direction * number * step for number in range(first, reached + 1)]


def _steps_to(value: Decimal, last: Decimal, direction: int, operator: str, step: Decimal) -> int:
    """How many steps behind the last threshold hold for the value."""
    way = direction * (value - last)
    if way <= 0:
        return 0
    whole = int(way // step)
    return whole - 1 if operator in STRICT and whole and whole * step == way else whole
