"""The exchange rate of a day, and customers without one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from billing_platform.lib.limits import EXCHANGE_RATE_WARN_DAYS
from invoicing.computing.in_rupees import BOOKS
from invoicing.models import ExchangeRate
from organisations.models import Organisation
from organisations.scoping import Actor


def latest_rate(*, base: str, target: str, at: date) -> ExchangeRate | None:
    """The last rate of a pair up to and including a day, however old; None if there is none."""
    return next(iter(latest_rates(bases=[base], target=target, at=at)), None)


def latest_rates(*, bases: Collection[str], target: str, at: date) -> list[ExchangeRate]:
    """The last rate of each currency up to and including a day, however old; none for a currency without one."""
    known = ExchangeRate.objects.filter(base__in=bases, target=target, as_of__lte=at)
    return list(known.order_by("base", "-as_of").distinct("base"))


def customers_without_rate(*, actor: Actor, today: date) -> Any:
    """Active customers whose invoices need an exchange rate, for which none of the last days is known: with an
    old one they carry a warning, and without any they can't be finalized (invoicing.computing.in_rupees)."""
    known = ExchangeRate.objects.filter(
        base=OuterRef("currency"), target=BOOKS, as_of__range=(today - timedelta(days=EXCHANGE_RATE_WARN_DAYS), today)
    )
    return Organisation.objects.for_organisations(actor).filter(
        ~Exists(known), ~Q(currency=BOOKS), ~Q(billing_entity__gstin=""), is_active=True, billing_entity__country="IN"
    )
