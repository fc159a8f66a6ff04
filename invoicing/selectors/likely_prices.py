"""A likely price of usage that no price covers, for an estimate of what is not billed. Never used for an invoice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, IntegerField, Q, Value, When

from billing_platform.lib.money import Money
from invoicing.models import PricingRule
from invoicing.pricing import PriceError, Usage
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Estimate:
    """What usage would come to, before tax, by the price `rule`."""

    amount: Money
    rule: PricingRule


def estimate_of(
    *, organisation: Organisation, metric_name: str, unit: str, quantity: Decimal, event_count: int
) -> Estimate | None:
    """The usage at the price that was given to the same metric and unit last, in the customer's currency: a price of
    the customer's own first, then one of every customer, then one of another customer. None where there is none."""
    nearest = Case(
        When(organisation=organisation, then=Value(0)),
        When(organisation__isnull=True, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rules = PricingRule.objects.filter(metric_name=metric_name, unit=unit, currency=organisation.currency)
    rule = rules.order_by(nearest, "-effective_from", "pk").first()
    if rule is None:
        return None
    amount = _charged(rule, Usage(quantity, event_count))
    return None if amount is None else Estimate(Money(amount, organisation.currency).quantized(), rule)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose usage of which metric, in which unit."""

    organisation_id: UUID
    metric_name: str
    unit: str


def estimates_of(usage: Sequence[tuple[Asked, Usage]]) -> list[Estimate | None]:
    """What each would come to, as `estimate_of` has it, whosever they are. Three queries."""
    ids = {asked.organisation_id for asked, _used in usage}
    currencies = dict(Organisation.objects.filter(pk__in=ids).values_list("pk", "currency"))
    rules = _nearest({asked for asked, _used in usage}, ids)
    found: list[Estimate | None] = []
    for asked, used in usage:
        currency = currencies.get(asked.organisation_id, "")
        name = (asked.metric_name, asked.unit, currency)
        rule = rules.get((asked.organisation_id, *name)) or rules.get((None, *name)) or rules.get((ANYBODY, *name))
        amount = None if rule is None else _charged(rule, used)
        found.append(None if rule is None or amount is None else Estimate(Money(amount, currency).quantized(), rule))
    return found


ANYBODY = "anybody"
_Key = tuple[UUID | str | None, str, str, str]


def _nearest(usage: Collection[Asked], ids: Collection[UUID]) -> dict[_Key, PricingRule]:
    """The newest price of each owner, metric, unit and currency; of ANYBODY the newest there is."""
    names, units = {asked.metric_name for asked in usage}, {asked.unit for asked in usage}
    rules = PricingRule.objects.filter(metric_name__in=names, unit__in=units)
    key = ("metric_name", "unit", "currency")
    own = rules.filter(Q(organisation__in=ids) | Q(organisation__isnull=True))
    own = own.order_by("organisation_id", *key, "-effective_from", "pk").distinct("organisation_id", *key)
    anybodys = rules.order_by(*key, "-effective_from", "pk").distinct(*key)
    found: dict[_Key, PricingRule] = {(ANYBODY, *_named(rule)): rule for rule in anybodys}
    return found | {(rule.organisation_id, *_named(rule)): rule for rule in own}


def _named(rule: PricingRule) -> tuple[str, str, str]:
    return rule.metric_name, rule.unit, rule.currency


def _charged(rule: PricingRule, usage: Usage) -> Decimal | None:
    try:
        return rule.price.charge(usage).exact_amount
    except PriceError:  # a quantity beyond what prices take
        return None
