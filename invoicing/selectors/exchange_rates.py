"""The exchange rate of a day, and customers without one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from billing_platform.lib.limits import EXCHANGE_RATE_MAX_DAYS, EXCHANGE_RATE_WARN_DAYS
from invoicing.models import ExchangeRate, PricingRule
from invoicing.rates import BOOKS, Published, Rate
from organisations.models import Organisation
from organisations.scoping import Actor

_USABLE = timedelta(days=EXCHANGE_RATE_MAX_DAYS)
_FRESH = timedelta(days=EXCHANGE_RATE_WARN_DAYS)


def published(*, at: date, within: timedelta | None = _USABLE) -> Published:
    """The last rate of each pair up to and including a day. `within`: not older than that; None is however old."""
    known = ExchangeRate.objects.filter(as_of__lte=at)
    if within is not None:
        known = known.filter(as_of__gte=at - within)
    last = known.order_by("base", "target", "-as_of").distinct("base", "target")
    return Published(each.as_rate() for each in last)


def latest_rate(*, base: str, target: str, at: date) -> Rate | None:
    """The last rate of a pair up to and including a day, however old; None if there is none and none follows from
    others."""
    return published(at=at, within=None).between(base, target, day=at)


def customers_without_rate(*, actor: Actor, today: date) -> Any:
    """Active customers whose invoices need an exchange rate, for which none of the last days is known: with an
    old one they carry a warning, and without any they can't be finalized (invoicing.computing.in_rupees)."""
    customers = Organisation.objects.for_organisations(actor).filter(
        ~Q(currency=BOOKS), ~Q(billing_entity__gstin=""), is_active=True, billing_entity__country="IN"
    )
    used = {*customers.order_by().values_list("currency", flat=True).distinct()}
    known = published(at=today, within=_FRESH) if used else Published(())
    return customers.filter(currency__in=[code for code in used if known.between(code, BOOKS, day=today) is None])


def are_rates_needed() -> bool:
    """Whether any active customer's invoice is in a foreign currency or has a price that may be exchanged."""
    foreign = Organisation.objects.filter(~Q(currency=BOOKS), is_active=True)
    return foreign.exists() or PricingRule.objects.filter(may_be_exchanged=True).exists()
