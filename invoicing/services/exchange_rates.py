"""Exchange rates: adding them, and the one that holds on a day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from invoicing.models import ExchangeRate

# Nothing is published on Sundays and holidays, so the last one holds; one older than this is not the day's rate.
MAX_AGE = timedelta(days=7)


@transaction.atomic
def add_exchange_rate(*, base: str, target: str, rate: Decimal, as_of: date, source: str) -> ExchangeRate:
    exchange_rate = ExchangeRate(base=base, target=target, rate=rate, as_of=as_of, source=source)
    exchange_rate.full_clean()
    exchange_rate.save()
    return exchange_rate


def rate_on(*, base: str, target: str, day: date) -> ExchangeRate:
    """The rate of the day, or the last one published before. Raises DomainError EXCHANGE_RATE_MISSING."""
    found = (
        ExchangeRate.objects.filter(base=base, target=target, as_of__lte=day, as_of__gt=day - MAX_AGE)
        .order_by("-as_of")
        .first()
    )
    if found is None:
        raise DomainError(
            f"There is no {base} to {target} exchange rate for {day_text(day)} or the days before: add one.",
            code="EXCHANGE_RATE_MISSING",
            details={"base": base, "target": target, "date": day.isoformat()},
        )
    return found
