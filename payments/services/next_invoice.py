"""A charge that the customer's next invoice bears, as a fee of one month: late fees, bounced cheques."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from invoicing.models import RecurringFee
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import Organisation

MONTHS_TO_LOOK = 2
"""The running month may be invoiced already, for a customer that is billed early: then the next one is taken."""


def charge_on_next_invoice(
    *, organisation: Organisation, description: str, amount: Decimal, currency: str, sac: str, today: date
) -> RecurringFee:
    """A line of the invoice of the month of `today`, before tax, or of the next month where that one is invoiced.

    The caller holds `lock_prices`, taken before any invoice's row: issuing takes both in this order. Raises
    ValidationError and DomainError.
    """
    month = BillingPeriod.of(today)
    for left in range(MONTHS_TO_LOOK, 0, -1):
        try:
            with transaction.atomic():
                return add_recurring_fee(
                    organisation=organisation,
                    description=description,
                    amount=amount,
                    currency=currency,
                    sac=sac,
                    effective_from=month.start,
                    effective_to=month.end,
                )
        except DomainError as error:
            if error.code != "TERMS_REACH_BILLED_MONTH" or left == 1:
                raise
            month = BillingPeriod.of(month.end)
    raise AssertionError("the loop returns or raises")
