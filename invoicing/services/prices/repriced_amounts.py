"""What a change of prices makes of months that are not invoiced yet. It is made, read and taken back: nothing stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.invoice import compute
from invoicing.services.facts.invoice_facts import facts_of_months
from invoicing.services.prices.billed_months import OpenMonth
from organisations.models import Organisation

MOST_COMPUTED = 20
"""Months that are worked out: issuing waits meanwhile."""


@dataclass(frozen=True, slots=True)
class RepricedMonth:
    """A month with its total by now and with the change, tax included, in the customer's currency. None where it is
    not worked out: after `MOST_COMPUTED` of them, or where the change is refused."""

    month: OpenMonth
    before: Decimal | None = None
    after: Decimal | None = None


def repriced_amounts(months: Sequence[OpenMonth], *, change: Callable[[], object]) -> list[RepricedMonth]:
    """`change` stores the change, by a service."""
    shown, others = months[:MOST_COMPUTED], months[MOST_COMPUTED:]
    try:
        with transaction.atomic():
            before = _totals(shown)
            change()
            after = _totals(shown)
            transaction.set_rollback(True)
    except (DomainError, IntegrityError):
        return [RepricedMonth(month) for month in months]
    worked_out = [RepricedMonth(*row) for row in zip(shown, before, after, strict=True)]
    return worked_out + [RepricedMonth(month) for month in others]


def _totals(months: Sequence[OpenMonth]) -> list[Decimal]:
    """In the order of the months; those of one calendar month are read together."""
    by_month: defaultdict[date, list[Organisation]] = defaultdict(list)
    for each in months:
        by_month[each.month].append(each.organisation)
    facts = {month: facts_of_months(customers, BillingPeriod.of(month)) for month, customers in by_month.items()}
    return [compute(facts[each.month][each.organisation.pk]).totals.total for each in months]
