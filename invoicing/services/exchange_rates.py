"""Exchange rates: adding them, and the one that holds on a day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import INDIA
from billing_platform.lib.limits import EXCHANGE_RATE_MAX_DAYS, EXCHANGE_RATE_WARN_DAYS
from invoicing.models import ExchangeRate
from invoicing.models.exchange_rate import BOOKS
from organisations.models import BillingEntity


@transaction.atomic
def add_exchange_rate(*, base: str, target: str, rate: Decimal, as_of: date, source: str) -> ExchangeRate:
    exchange_rate = ExchangeRate(base=base, target=target, rate=rate, as_of=as_of, source=source)
    exchange_rate.full_clean()
    exchange_rate.save()
    return exchange_rate


def needs_rate(entity: BillingEntity, currency: str) -> bool:
    """Whether a document in this currency states its values in rupees too: GST returns are in rupees."""
    return entity.country == INDIA and bool(entity.gstin) and currency != BOOKS


def rate_warnings(*, entity: BillingEntity, currency: str, day: date) -> list[dict[str, Any]]:
    """What a draft says of the rate it will be issued at: none blocks it, an old one is worth a look."""
    if not needs_rate(entity, currency):
        return []
    try:
        rate = rate_on(base=currency, target=BOOKS, day=day)
    except DomainError as error:
        return [{"code": error.code, "message": error.message, "blocks": True}]
    age = (day - rate.as_of).days
    if age <= EXCHANGE_RATE_WARN_DAYS:
        return []
    message = (
        f"The last {currency} to {BOOKS} exchange rate is of {day_text(rate.as_of)}, {age} days old: add a newer one."
    )
    return [{"code": "EXCHANGE_RATE_OLD", "message": message}]


def rate_on(*, base: str, target: str, day: date) -> ExchangeRate:
    """The rate of the day, or the last one published before: nothing is published on Sundays and holidays.

    Raises DomainError EXCHANGE_RATE_MISSING when that one is more than EXCHANGE_RATE_MAX_DAYS old.
    """
    oldest = day - timedelta(days=EXCHANGE_RATE_MAX_DAYS)
    found = ExchangeRate.objects.filter(base=base, target=target, as_of__range=(oldest, day)).order_by("-as_of").first()
    if found is None:
        raise DomainError(
            f"There is no {base} to {target} exchange rate for {day_text(day)} or the {EXCHANGE_RATE_MAX_DAYS} days "
            "before: add one.",
            code="EXCHANGE_RATE_MISSING",
            details={"base": base, "target": target, "date": day.isoformat()},
        )
    return found
