"""Usage without a price, and prices that end without a price that follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.number_formats import format_events
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.slow_answers import forget, remembered
from events.models import Metric
from events.usage.metered import MetricWords
from invoicing.models import PricingRule
from organisations.models import Organisation
from organisations.scoping import Actor, reaches_every_organisation

NOTICE = timedelta(days=30)
SOME_MINUTES = 300  # usage that is counted meanwhile shows so late
_HALF_A_MONTH = timedelta(days=14)  # a moment that is in the same month in every time zone
ADDED_UP = (Metric.Aggregation.SUM, Metric.Aggregation.WEIGHTED_SUM)

_UNPRICED = query(__file__, "unpriced")
_OF_ALL = "unpriced-usage"


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Usage of a metric by a customer in its current month without a price. `quantity` is the sum of the values if the
    metric adds values up, the level by now if it is one, otherwise the number of events."""

    organisation: Organisation
    metric: Metric
    quantity: Decimal

    @property
    def used(self) -> str:
        """The quantity for people: "1,012 files", or the number of events."""
        if self.metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
            return f"a level of {MetricWords.of(self.metric).quantity_text(self.quantity)}"
        if self.metric.aggregation == Metric.Aggregation.SUM:
            return MetricWords.of(self.metric).quantity_text(self.quantity)
        return format_events(int(self.quantity))


def unpriced_usage(*, actor: Actor) -> tuple[Unpriced, ...]:
    """Usage of this month without a price, of the customers that an actor may see, by metric and customer. Of all
    customers it is remembered for some minutes where it took long: every page counts it, and none waits for it."""
    if not reaches_every_organisation(actor):
        return _unpriced(_customers(actor))
    return remembered(_OF_ALL, lambda: _unpriced(_customers(actor)), longest=SOME_MINUTES, old_too=True)


def forget_unpriced_usage() -> None:
    """Whoever has set a price sees what it changed."""
    forget(_OF_ALL)


def unpriced_usage_in(period: BillingPeriod, *, actor: Actor) -> tuple[Unpriced, ...]:
    """The same of a given month."""
    return _unpriced(_customers(actor), at=datetime.combine(period.start + _HALF_A_MONTH, time(12), UTC))


def _customers(actor: Actor) -> QuerySet[Organisation]:
    return Organisation.objects.for_organisations(actor).real()


def unpriced_usage_of(organisation: Organisation) -> tuple[Unpriced, ...]:
    return _unpriced(Organisation.objects.filter(pk=organisation.pk))


def unpriced_metrics(*, actor: Actor) -> QuerySet[Any]:
    """The metrics that some customer uses without a price in its current month."""
    return Metric.objects.filter(pk__in={row.metric.pk for row in unpriced_usage(actor=actor)})


def ending_prices(*, actor: Actor, today: date) -> QuerySet[Any]:
    """Prices that end soon or today, if no price for the same usage follows on the next day."""
    same = {name: OuterRef(name) for name in ("metric_name", "unit", "currency", "dimensions")}
    following = PricingRule.objects.filter(
        Q(organisation=OuterRef("organisation")) | Q(organisation=None),
        Q(effective_to__isnull=True) | Q(effective_to__gt=OuterRef("effective_to")),
        effective_from__lte=OuterRef("effective_to"),
        **same,
    ).exclude(pk=OuterRef("pk"))
    rules = PricingRule.objects.for_organisations(actor)
    return rules.filter(~Exists(following), effective_to__gt=today, effective_to__lte=today + NOTICE)


def versions_of(rule: PricingRule) -> QuerySet[PricingRule]:
    """The rules for the same usage, this one included, from the first to the last."""
    same = {name: getattr(rule, name) for name in ("organisation", "metric_name", "unit", "currency", "dimensions")}
    return PricingRule.objects.filter(**same).order_by("effective_from")


class Reason(StrEnum):
    OWN = "The customer's own price"
    DEFAULT = "The default: the customer has no price of its own"
    PARTLY_DEFAULT = "The default, where no price of the customer's own fits"
    NOT_USED = "Not used: the customer has a price of its own"
    EXCHANGED = "The default in another currency, exchanged each month"
    NOT_EXCHANGED = "Not used: there is a price in the customer's currency"


@dataclass(frozen=True, slots=True)
class AppliedPrice:
    """A price that applies to a customer today or later, with the reason why it is chosen."""

    rule: PricingRule
    reason: Reason

    @property
    def is_used(self) -> bool:
        return self.reason not in (Reason.NOT_USED, Reason.NOT_EXCHANGED)


def prices_of(organisation: Organisation, *, today: date) -> tuple[AppliedPrice, ...]:
    """Prices that apply to a customer on a day or later, its own first, as invoicing.pricing.rules chooses them."""
    rules = list(PricingRule.objects.applying_to(organisation).during(today, date.max))
    found = [AppliedPrice(rule, _reason(rule, rules, organisation.currency)) for rule in rules]
    return tuple(
        sorted(
            found,
            key=lambda price: (
                price.rule.metric_name,
                price.rule.unit,
                price.reason != Reason.OWN,
                price.rule.effective_from,
            ),
        )
    )


def known_metrics(names: Iterable[str]) -> set[tuple[str, str, UUID | None]]:
    """Name, unit and customer of the metrics of these names that are defined or registered automatically."""
    return {*Metric.objects.filter(name__in={*names}).order_by().values_list("name", "unit", "organisation")}


def is_known(rule: PricingRule, metrics: Collection[tuple[str, str, UUID | None]] | None = None) -> bool:
    """Whether there is a metric that the rule is for: of its customer, or of any. `metrics` are `known_metrics`."""
    found = known_metrics([rule.metric_name]) if metrics is None else metrics
    owners = {owner for name, unit, owner in found if (name, unit) == (rule.metric_name, rule.unit)}
    return bool(owners if rule.organisation_id is None else owners & {rule.organisation_id, None})


def _reason(rule: PricingRule, rules: list[PricingRule], currency: str) -> Reason:
    def standing(each: PricingRule) -> tuple[bool, bool]:
        return each.organisation_id is not None, each.currency == currency

    rivals = [
        other
        for other in rules
        if (other.metric_name, other.unit) == (rule.metric_name, rule.unit) and standing(other) > standing(rule)
    ]
    replacing = [other for other in rivals if other.as_rule().covers(rule.dimensions) and _spans(other, rule)]
    if replacing:
        is_own = any(other.organisation_id is not None for other in replacing)
        return Reason.NOT_USED if is_own and rule.organisation_id is None else Reason.NOT_EXCHANGED
    if rule.organisation_id is not None:
        return Reason.OWN
    if any(other.organisation_id is not None for other in rivals):
        return Reason.PARTLY_DEFAULT
    return Reason.DEFAULT if rule.currency == currency else Reason.EXCHANGED


def _spans(one: PricingRule, other: PricingRule) -> bool:
    """Whether a rule applies on all days of another."""
    ends_later = one.effective_to is None or (other.effective_to is not None and one.effective_to >= other.effective_to)
    return one.effective_from <= other.effective_from and ends_later


def prices_by_metric(rules: Any) -> dict[tuple[str, str], list[PricingRule]]:
    found: defaultdict[tuple[str, str], list[PricingRule]] = defaultdict(list)
    for rule in rules:
        found[rule.metric_name, rule.unit].append(rule)
    return dict(found)


def _unpriced(customers: QuerySet[Organisation], *, at: datetime | None = None) -> tuple[Unpriced, ...]:
    """Of the month that it is at a moment, now unless said otherwise, where each customer is."""
    ids = list(customers.order_by().values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_UNPRICED, {"now": at or clock.now(), "customers": ids})
        rows = cursor.fetchall()
    owners = Organisation.objects.in_bulk({organisation_id for organisation_id, *_rest in rows})
    metrics = Metric.objects.in_bulk({metric_id for _organisation, metric_id, _total, _events in rows})
    found = [
        Unpriced(owners[organisation_id], metric, total if metric.aggregation in ADDED_UP else Decimal(events))
        for organisation_id, metric_id, total, events in rows
        if (metric := metrics[metric_id])
    ]
    return tuple(sorted(found, key=lambda row: (row.metric.name, row.metric.unit, row.organisation.name)))
