"""The numbers of refunds: one series for all sellers and each Indian financial year.

A refund is no document of GST: no rule wants its numbers without gaps. They have none all the same, because a number is
taken in the transaction that stores its refund. At Razorpay the number is the receipt, by which a refund of ours is
found again.
"""

from __future__ import annotations

from datetime import date

from django.db.models.functions import Length

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.periods import financial_year
from payments.models import Refund

PREFIX = "RFD"


def take_refund_number(on: date) -> str:
    """The next number, such as RFD/26-27/000001. For the transaction that stores the refund."""
    series = f"{PREFIX}/{financial_year(on)}/"
    advisory_lock(LockSpace.REFUND_NUMBERS, series)
    numbers = Refund.objects.filter(refund_number__startswith=series).values_list("refund_number", flat=True)
    last = numbers.order_by(Length("refund_number").desc(), "-refund_number").first()
    return f"{series}{int(last.removeprefix(series)) + 1 if last else 1:06d}"
