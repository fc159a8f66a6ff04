"""A likely price of usage that no price covers, for an estimate of what is not billed. Never used for an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, IntegerField, Value, When

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
    try:
        charge = rule.price.charge(Usage(quantity, event_count))
    except PriceError:  # a quantity beyond what prices take
        return None
    return Estimate(Money(charge.exact_amount, organisation.currency).quantized(), rule)
