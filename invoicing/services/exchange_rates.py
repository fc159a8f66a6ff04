"""Add exchange rates: one that a person enters, or many that were published or uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction

from invoicing.models import ExchangeRate
from invoicing.rates import Rate
from organisations import audit


@transaction.atomic
def add_exchange_rate(*, base: str, target: str, rate: Decimal, as_of: date, source: str) -> ExchangeRate:
    exchange_rate = ExchangeRate(base=base, target=target, rate=rate, as_of=as_of, source=source)
    exchange_rate.full_clean()
    exchange_rate.save()
    return exchange_rate


@transaction.atomic
def store_rates(rates: Sequence[Rate]) -> list[ExchangeRate]:
    """Keep the rates of pairs and days that have none; a rate that is there stays as it is. Gives the new ones."""
    days = {rate.as_of for rate in rates}
    known = {*ExchangeRate.objects.filter(as_of__in=days).values_list("base", "target", "as_of")}
    new = {(each.base, each.target, each.as_of): each for each in rates}
    rows = [
        ExchangeRate(base=each.base, target=each.target, rate=each.rate, as_of=each.as_of, source=each.source)
        for key, each in new.items()
        if key not in known
    ]
    stored = ExchangeRate.objects.bulk_create(rows, ignore_conflicts=True)  # another worker may have been first
    own = {*ExchangeRate.objects.filter(pk__in=[row.pk for row in stored]).values_list("pk", flat=True)}
    fresh = [row for row in stored if row.pk in own]
    audit.note_created(fresh)
    return fresh
