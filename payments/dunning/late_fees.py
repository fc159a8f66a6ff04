"""What being late costs: a percentage of what is due for each month that has begun, or one fixed amount.

The fee is a part of the value of the supply that was paid late (CGST Act, section 15 (2) (d)): it stands on the next
invoice before tax, under the service code of the late invoice, and is taxed as that supply is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing_platform.lib.money import ZERO, round_money

DAYS_OF_A_MONTH = 30


@dataclass(frozen=True)
class LateFeeRule:
    """`percent` is of the amount due, for each 30 days that have begun after the days of grace; `fixed` is once.

    `most` is in percent of the invoice's total, and bounds all fees of the invoice together; 0: no bound.
    """

    percent: Decimal = ZERO
    fixed: Decimal = ZERO
    grace_days: int = 0
    most: Decimal = ZERO

    def amount(self, due_amount: Decimal, currency: str, *, total: Decimal, charged: Decimal = ZERO) -> Decimal:
        """Of one period, in the invoice's currency, after `charged` for the periods before: 1,180.00 at 1.5% are 17.70.
        `total` is the invoice's. 0 once the bound is reached."""
        fee = self.fixed if self.fixed > ZERO else round_money(due_amount * self.percent / 100, currency)
        if self.most > ZERO:
            fee = min(fee, max(round_money(total * self.most / 100, currency) - charged, ZERO))
        return fee

    def periods(self, *, due: date, today: date) -> int:
        """How many fees there are by today. With 5 days of grace the first is charged on the sixth day after."""
        late = (today - due).days - self.grace_days
        if late <= 0 or not (self.percent or self.fixed):
            return 0
        return 1 if self.fixed > ZERO else (late - 1) // DAYS_OF_A_MONTH + 1

    def first_day(self, *, due: date, number: int) -> date:
        """The day on which fee `number` (from 1) begins to be owed."""
        return due + timedelta(days=self.grace_days + 1 + (number - 1) * DAYS_OF_A_MONTH)
