"""A fee or a minimum may not reach into a month that was invoiced: what was charged for such a month is fixed.

An earlier month's late usage is billed by what the month would come to as a whole, its minimum included. If a minimum
began in an invoiced month, one late event would charge it; and a fee that began there would never be billed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from billing_platform.lib.dates_in_words import day_text, month_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.days import Days, days_of, moved_days
from invoicing.models import Invoice
from organisations.models import Organisation

CODE = "TERMS_REACH_BILLED_MONTH"


def changed_days(before: Any, after: Any, *, apart_from_days: Iterable[str]) -> list[Days]:
    """The days on which a changed row charges something else: all of them, or those between its old and new ends."""
    if any(getattr(before, name) != getattr(after, name) for name in apart_from_days):
        return [days_of(before), days_of(after)]
    return moved_days(days_of(before), days_of(after))


def refuse_billed_days(
    days: Iterable[Days], *, organisation: Organisation | None, currency: str, what: str, instead: str
) -> None:
    """Raises DomainError TERMS_REACH_BILLED_MONTH, with the first day possible, if an issued invoice is of a month that
    the days touch. Without an organisation, invoices of every customer with this currency count.

    Call it with the prices locked: an invoice that is being issued has read the fees and minimums.
    """
    months = [each for span in days for each in _invoiced(span, organisation, currency)]
    if not months:
        return
    last, period = max(months, key=lambda each: each[1])
    possible = period.end
    raise DomainError(
        f"{last.organisation.name} is invoiced for {month_text(period)} already ({last}). The first day on "
        f"which {what} can begin, end or change is {day_text(possible)}. {instead}",
        code=CODE,
        details={"first_possible_day": possible.isoformat(), "invoice": str(last.pk)},
    )


def _invoiced(days: Days, organisation: Organisation | None, currency: str) -> Iterable[tuple[Invoice, BillingPeriod]]:
    """The last issued month that the days touch, with its invoice."""
    first, after = days
    touched = Invoice.objects.issued().billing().filter(period_end__gt=first, period_start__isnull=False)
    if after != date.max:
        touched = touched.filter(period_start__lte=BillingPeriod.of(after - timedelta(days=1)).start)
    if organisation is not None:
        touched = touched.filter(organisation=organisation)
    else:
        touched = touched.filter(currency=currency)
    last = touched.select_related("organisation").order_by("-period_start")[:1]
    return [(invoice, invoice.period) for invoice in last if invoice.period is not None]
