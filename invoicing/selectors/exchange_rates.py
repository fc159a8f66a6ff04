"""The exchange rate of a day, and customers without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

from django.db.models import Exists, OuterRef, Q

from billing_platform.lib.gst import INDIA
from billing_platform.lib.limits import EXCHANGE_RATE_MAX_DAYS, EXCHANGE_RATE_WARN_DAYS
from invoicing.models import ExchangeRate, PricingRule
from invoicing.rates import BOOKS, Pair, Published, Rate
from organisations.models import Organisation
from organisations.scoping import Actor

_USABLE = timedelta(days=EXCHANGE_RATE_MAX_DAYS)
_FRESH = timedelta(days=EXCHANGE_RATE_WARN_DAYS)
_A_DAY = timedelta(days=1)


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


def pairs_without_rate(*, actor: Actor, today: date) -> list[tuple[Pair, Any]]:
    """The pairs that active customers' invoices need and of which none of the last days is known, each with those
    customers: with an old rate their drafts carry a warning, and without any they can't be finalized.

    A currency to rupees for documents of Indian sellers (invoicing.computing.in_rupees); the currency of a price that
    may be exchanged to the customer's, where it prices usage because there is no price in the customer's.
    """
    customers = Organisation.objects.for_organisations(actor).real().filter(is_active=True)
    needing = [*_to_the_books(customers), *_to_exchange(customers, today)]
    known = published(at=today, within=_FRESH) if needing else Published(())
    lacking: dict[Pair, Q] = {}
    for pair, condition in needing:
        if known.between(*pair, day=today) is None:
            lacking[pair] = lacking[pair] | condition if pair in lacking else condition
    found = [
        (pair, customers.filter(condition)) for pair, condition in sorted(lacking.items(), key=lambda each: each[0])
    ]
    return [(pair, of_pair) for pair, of_pair in found if of_pair.exists()]


def customers_without_rate(*, actor: Actor, today: date) -> Any:
    """The customers of `pairs_without_rate`, each once."""
    wanted = Q(pk__in=())
    for _pair, customers in pairs_without_rate(actor=actor, today=today):
        wanted |= Q(pk__in=customers.order_by().values("pk"))
    return Organisation.objects.filter(wanted)


def _to_the_books(customers: Any) -> Iterator[tuple[Pair, Q]]:
    indian = ~Q(currency=BOOKS) & ~Q(billing_entity__gstin="") & Q(billing_entity__country=INDIA)
    for currency in customers.filter(indian).order_by().values_list("currency", flat=True).distinct():
        yield (currency, BOOKS), indian & Q(currency=currency)


def _to_exchange(customers: Any, today: date) -> Iterator[tuple[Pair, Q]]:
    exchanged = PricingRule.objects.during(today, today + _A_DAY).filter(may_be_exchanged=True)
    bases = [*exchanged.order_by().values_list("currency", flat=True).distinct()]
    if not bases:
        return
    targets = [*customers.order_by().values_list("currency", flat=True).distinct()]
    for base, target in product(bases, targets):
        if base != target:
            yield (base, target), Q(currency=target) & _is_priced_in(base, target, today)


def _is_priced_in(base: str, target: str, today: date) -> Q:
    """Whether a customer has usage priced in `base`: by a price of its own where no other one of its own is in
    `target`, or by one for everybody where there is no price in `target` at all, nor one of its own."""
    holding = PricingRule.objects.during(today, today + _A_DAY)
    exchanged = holding.filter(currency=base, may_be_exchanged=True)
    same = Q(metric_name=OuterRef("metric_name"), unit=OuterRef("unit")) & (
        Q(dimensions={}) | Q(dimensions=OuterRef("dimensions"))
    )
    instead = holding.filter(same, currency=target)
    own_instead = instead.filter(organisation=OuterRef(OuterRef("pk")))
    own = exchanged.filter(~Exists(own_instead), organisation=OuterRef("pk"))
    shared = exchanged.filter(
        ~Exists(own_instead), ~Exists(instead.filter(organisation__isnull=True)), organisation__isnull=True
    )
    return Q(Exists(own)) | Q(Exists(shared))


def are_rates_needed() -> bool:
    """Whether any active customer's invoice is in a foreign currency or has a price that may be exchanged."""
    foreign = Organisation.objects.filter(~Q(currency=BOOKS), is_active=True)
    return foreign.exists() or PricingRule.objects.filter(may_be_exchanged=True).exists()
