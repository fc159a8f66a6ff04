"""Add an exchange rate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from invoicing.models import ExchangeRate


@transaction.atomic
def add_exchange_rate(*, base: str, target: str, rate: Decimal, as_of: date, source: str) -> ExchangeRate:
    exchange_rate = ExchangeRate(base=base, target=target, rate=rate, as_of=as_of, source=source)
    exchange_rate.full_clean()
    exchange_rate.save()
    return exchange_rate
