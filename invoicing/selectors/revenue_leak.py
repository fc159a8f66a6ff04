"""The revenue leak: usage that no price covers, by customer, metric and month, less what was written off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.money import ZERO, Money
from billing_platform.lib.number_formats import format_events
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.selectors.conversions import PLAIN, conversions_of, words_and_conversions
from events.usage.conversion import converted
from events.usage.metered import MetricWords
from events.usage.metering import Asked, metered
from invoicing.models import PricingRule, UsageWriteOff
from invoicing.pricing import Usage
from invoicing.pricing.rules import RulesOfMonth
from invoicing.rates import BOOKS
from invoicing.selectors.exchange_rates import published
from invoicing.selectors.likely_prices import Asked as Priced
from invoicing.selectors.likely_prices import Estimate, estimates_of
from organisations.models import Organisation
from organisations.operators_clock import operators_today
from organisations.scoping import Actor

MONTHS = 12
"""How many months are looked at, the current one included."""
_AT_ONCE = 200
_LEAKS = query(__file__, "leaks")
_Key = tuple[UUID, date, UUID]
"""Customer, first day of the month of use, metric."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Usage of a metric by a customer in one month of use that no price covers. Quantities are in the unit that would
    be priced. `is_invoiced`: an issued invoice counts some of it, and charges nothing for it.

    `estimate` is what that which is not written off would come to by a likely price, before tax; `in_rupees` the same
    by a rate of today, None without one.
    """

    organisation: Organisation
    month: BillingPeriod
    metric: Metric
    words: MetricWords
    quantity: Decimal
    event_count: int
    is_invoiced: bool
    written_off: Decimal = ZERO
    events_written_off: int = 0
    estimate: Estimate | None = None
    in_rupees: Decimal | None = None

    @property
    def left(self) -> Decimal:
        """The quantity that is not written off."""
        return max(self.quantity - self.written_off, ZERO)

    @property
    def events_left(self) -> int:
        return max(self.event_count - self.events_written_off, 0)

    @property
    def is_open(self) -> bool:
        return bool(self.left or self.events_left)

    @property
    def used(self) -> str:
        """For people: "30 pings in 2 events"."""
        quantity = self.words.quantity_text(self.left)
        return f"{quantity} in {format_events(self.events_left)}" if self.event_count else quantity


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose leak of which months. `period` and `metric_name` narrow it down; all months are the last twelve."""

    actor: Actor
    organisation: Organisation | None = None
    period: BillingPeriod | None = None
    metric_name: str = ""

    def bounds(self) -> tuple[date, date]:
        if self.period is not None:
            return self.period.start, self.period.end
        months = leaking_months(operators_today())
        return months[-1].start, months[0].end


def leaking_months(today: date) -> list[BillingPeriod]:
    """The months that are looked at, the newest first."""
    found = [BillingPeriod.of(today)]
    while len(found) < MONTHS:
        found.append(found[-1].previous())
    return found


def revenue_leak(asking: Asking) -> list[Leak]:
    """What is not written off, worth most in rupees first; then what has no estimate, by its number of events."""
    found = [leak for leak in _leaks(asking) if leak.is_open]
    return sorted(found, key=_worst_first)


def leak_of(*, organisation: Organisation, period: BillingPeriod, metric: Metric, actor: Actor) -> Leak | None:
    """One leak as it is now, also if all of it is written off, for somebody who may see the customer."""
    found = _read([organisation.pk], (period.start, period.end), metric.name, actor)
    return next((leak for leak in found if leak.metric == metric), None)


def totals(leaks: Iterable[Leak]) -> list[Money]:
    """The sum of the estimates by currency, rupees first."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for leak in leaks:
        if leak.estimate is not None:
            sums[leak.estimate.amount.currency] += leak.estimate.amount.amount
    return [Money(sums[currency], currency) for currency in sorted(sums, key=lambda each: (each != BOOKS, each))]


def _worst_first(leak: Leak) -> tuple[Any, ...]:
    amount = leak.estimate.amount.amount if leak.estimate else ZERO
    worth = amount if leak.in_rupees is None else leak.in_rupees
    named = leak.organisation.name, leak.metric.name, leak.metric.unit, leak.month.start
    return leak.estimate is None, -worth, -leak.events_left, *named


def _leaks(asking: Asking) -> list[Leak]:
    customers = Organisation.objects.for_organisations(asking.actor)
    chosen = asking.organisation
    customers = customers.filter(pk=chosen.pk) if chosen is not None else customers.real()
    ids = customers.order_by().values_list("pk", flat=True)
    return _read(list(ids), asking.bounds(), asking.metric_name, asking.actor)


def _read(customers: list[UUID], bounds: tuple[date, date], metric_name: str, actor: Actor) -> list[Leak]:
    first, after = bounds
    with connection.cursor() as cursor:
        cursor.execute(
            _LEAKS,
            {"customers": _as_array(customers), "first": first, "after": after, "metric_name": metric_name or None},
        )
        rows = cursor.fetchall()
    if not rows:
        return []
    metrics = Metric.objects.in_bulk({row[1] for row in rows})
    owners = Organisation.objects.in_bulk({row[0] for row in rows})
    exact = _exact(owners, metrics, rows)
    written_off = _written_off(owners, first, after)
    books, conversions = words_and_conversions(list(owners.values()))
    found = []
    for owner, metric_id, month, total, events, is_invoiced in rows:
        metric = metrics[metric_id]
        key = metric.name, metric.unit
        quantity, count = exact.get((owner, month, metric_id), (total, events))
        if not quantity and not count:
            continue  # a level of 0
        words = books[owner].words(*key).counted_by(metric.aggregation)
        if key in conversions[owner]:
            words = conversions[owner][key].billed_words(words)
        decided = written_off.get((owner, month, *key), (ZERO, 0))
        found.append(
            Leak(owners[owner], BillingPeriod.of(month), metric, words, quantity, count, is_invoiced, *decided)
        )
    return _estimated(found, actor)


def _as_array(ids: Iterable[UUID]) -> str:
    """As PostgreSQL reads it: the statement names ten thousand customers three times, each to be written out."""
    return "{" + ",".join(map(str, ids)) + "}"


def _exact(
    customers: Mapping[UUID, Organisation], metrics: Mapping[UUID, Metric], rows: Sequence[Any]
) -> dict[_Key, tuple[Decimal, int]]:
    """Quantity and number of events as the biller reads them, where the sum of the values is not the quantity."""
    names = {each.name for each in metrics.values()}
    converted_ones = {*Metric.objects.filter(name__in=names).exclude(PLAIN).values_list("name", "unit")}
    wanted = [
        (row[0], row[2], row[1])
        for row in rows
        if metrics[row[1]].aggregation != Metric.Aggregation.SUM
        or (metrics[row[1]].name, metrics[row[1]].unit) in converted_ones
    ]
    places = sorted({(owner, month) for owner, month, _metric in wanted}, key=str)
    found: dict[_Key, tuple[Decimal, int]] = {}
    for start in range(0, len(places), _AT_ONCE):
        part = places[start : start + _AT_ONCE]
        of_part = {each for each in wanted if each[:2] in set(part)}
        found |= _as_billed(customers, metrics, part, of_part)
    return found


def _as_billed(
    customers: Mapping[UUID, Organisation],
    metrics: Mapping[UUID, Metric],
    places: Collection[tuple[UUID, date]],
    wanted: Collection[_Key],
) -> dict[_Key, tuple[Decimal, int]]:
    now = clock.now()
    asked = []
    for owner, month in places:
        period, current = BillingPeriod.of(month), BillingPeriod.containing(now, customers[owner].zone)
        counted_in = [period]
        while counted_in[-1] < current:
            counted_in.append(counted_in[-1].next())
        asked.append(Asked(customers[owner], tuple(counted_in), period))
    conversions = conversions_of([customers[owner] for owner in {owner for owner, _month in places}])
    by_key = {(owner, month, metrics[metric].name, metrics[metric].unit): metric for owner, month, metric in wanted}
    rules = PricingRule.objects.filter(metric_name__in={key[2] for key in by_key})
    of_owner: defaultdict[UUID | None, list[Any]] = defaultdict(list)
    for rule in rules:
        of_owner[rule.organisation_id].append(rule)
    found: dict[_Key, tuple[Decimal, int]] = {(*key[:2], metric): (ZERO, 0) for key, metric in by_key.items()}
    for (owner, month), usage in zip(places, metered(asked), strict=True):
        currency = customers[owner].currency
        holding = [
            rule.as_rule()
            for rule in (*of_owner[owner], *of_owner[None])
            if rule.currency == currency or rule.may_be_exchanged
        ]
        chosen = RulesOfMonth(holding, BillingPeriod.of(month), currency)
        for row in converted(usage, conversions[owner]):
            metric = by_key.get((owner, month, *row.metric))
            if metric is not None and chosen.choose(row) is None:
                quantity, count = found[owner, month, metric]
                found[owner, month, metric] = quantity + row.quantity, count + row.event_count
    return found


def _written_off(
    customers: Mapping[UUID, Organisation], first: date, after: date
) -> dict[tuple[UUID, date, str, str], tuple[Decimal, int]]:
    standing = UsageWriteOff.objects.standing().filter(organisation__in=customers, month__gte=first, month__lt=after)
    rows = standing.order_by().values_list("organisation_id", "month", "metric_name", "unit")
    return {tuple(row[:4]): (row[4], row[5]) for row in rows.annotate(Sum("quantity"), Sum("event_count"))}


def _estimated(leaks: Sequence[Leak], actor: Actor) -> list[Leak]:
    """The same with their estimates; none by the price of a customer whom the actor may not see: it would tell it."""
    estimates = estimates_of(
        [
            (
                Priced(leak.organisation.pk, leak.metric.name, leak.metric.unit),
                Usage(leak.left, leak.events_left),
            )
            for leak in leaks
        ]
    )
    owners = {estimate.rule.organisation_id for estimate in estimates if estimate} - {None}
    seen = {None, *Organisation.objects.for_organisations(actor).filter(pk__in=owners).values_list("pk", flat=True)}
    rates: dict[str, Decimal | None] = {BOOKS: Decimal(1)}
    known, today = None, operators_today()
    found = []
    for leak, estimate in zip(leaks, estimates, strict=True):
        rupees = None
        if estimate is not None and estimate.rule.organisation_id not in seen:
            estimate = None
        if estimate is not None:
            currency = estimate.amount.currency
            if currency not in rates:
                known = known or published(at=today)
                rate = known.between(currency, BOOKS, day=today)
                rates[currency] = rate.rate if rate else None
            worth = rates[currency]
            rupees = None if worth is None else estimate.amount.amount * worth
        found.append(replace(leak, estimate=estimate, in_rupees=rupees))
    return found
