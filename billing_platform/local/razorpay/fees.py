"""What Razorpay keeps of a captured payment."""

from __future__ import annotations

FEE_PERCENT = 2
GST_PERCENT = 18


def fee_and_tax(amount: int) -> tuple[int, int]:
    """The fee with its GST inside, and that GST: 100000 gives (2360, 360)."""
    base = _percent(amount, FEE_PERCENT)
    tax = _percent(base, GST_PERCENT)
    return base + tax, tax


def _percent(amount: int, percent: int) -> int:
    """Round half up, in integers."""
    return (amount * percent + 50) // 100
