"""The price book: add, change and end price rules, and preview a price."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from billing_platform.lib.dates_in_words import day_text, last_day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound, quoted
from billing_platform.lib.limits import MAX_PRICE_DIMENSIONS, PRICE_DIMENSION_LENGTH
from billing_platform.lib.money import Money
from billing_platform.lib.number_formats import exact_money_text
from billing_platform.lib.validators import require, validate_line
from events.selectors.metric_words import WordBook
from invoicing.models import PricingRule
from invoicing.pricing import Price, Usage, price_from_dict
from invoicing.services.billed_months import changed_days, lock_prices, refuse_billed_months, validity
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Preview:
    """The cost of a quantity, before and after rounding, with the steps of its computation."""

    exact_amount: str
    amount: Money
    explanation: list[dict[str, str]]


@transaction.atomic
def create_pricing_rule(
    *,
    metric_name: str,
    unit: str,
    currency: str,
    price: Mapping[str, Any],
    effective_from: date,
    effective_to: date | None = None,
    organisation: Organisation | None = None,
    dimensions: Mapping[str, str] | None = None,
    pool: str = PricingRule.Pool.ORGANISATION,
) -> PricingRule:
    """Add a rule; `price` is the price part of api.md's rule body.

    Raises InvalidInput with the name of the field (PriceError is one), DomainError PRICE_OVERLAP if another rule
    applies on some of the days, and DomainError PRICE_REACHES_BILLED_MONTH.
    """
    lock_prices(to_change_them=True)
    rule = PricingRule(
        organisation=organisation,
        metric_name=metric_name,
        unit=unit,
        currency=currency,
        dimensions=check_dimensions(dimensions or {}),
        pool=pool,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    _set_price(rule, price)
    _save(rule)
    refuse_billed_months([(rule, validity(rule))])
    return rule


@transaction.atomic
def update_pricing_rule(*, rule_id: UUID, price: Mapping[str, Any] | None = None, **changes: Any) -> PricingRule:
    """Change a rule. One that is on an issued invoice can only be ended: raises DomainError PRICE_IN_USE.

    A change that reaches into an invoiced month raises DomainError PRICE_REACHES_BILLED_MONTH.
    """
    lock_prices(to_change_them=True)  # before the row's lock: issuing an invoice takes both locks in this order
    rule: PricingRule | None = PricingRule.objects.select_for_update(of=("self",)).filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("There is no such pricing rule.")
    _check_changeable(rule, {*changes, *(["price"] if price is not None else [])})
    before = copy(rule)
    for name, value in changes.items():
        setattr(rule, name, check_dimensions(value) if name == "dimensions" else value)
    if price is not None:
        _set_price(rule, {**rule.body(), **price})
    _save(rule)
    refuse_billed_months(changed_days(before, rule))
    return rule


def preview(*, price: Price, currency: str, usage: Usage) -> Preview:
    """The cost of a quantity. Nothing is stored."""
    charge = price.charge(usage)
    return Preview(
        exact_amount=exact_money_text(charge.exact_amount, currency),
        amount=Money(charge.exact_amount, currency).quantized(),
        explanation=charge.explanation(),
    )


def check_dimensions(dimensions: Mapping[str, Any]) -> dict[str, str]:
    if len(dimensions) > MAX_PRICE_DIMENSIONS:
        raise InvalidInput.field("dimensions", f"Name at most {MAX_PRICE_DIMENSIONS} dimensions.")
    for name, value in dimensions.items():
        if not isinstance(value, str) or not value or max(len(name), len(value)) > PRICE_DIMENSION_LENGTH:
            sentence = f"The name and the value of a dimension are texts of 1 to {PRICE_DIMENSION_LENGTH} characters."
            raise InvalidInput.field(f"dimensions.{name}", sentence)
        for text in (name, value):
            require(f"dimensions.{quoted(name)}", text, validate_line)
    return dict(dimensions)


def _set_price(rule: PricingRule, body: Mapping[str, Any]) -> None:
    price = price_from_dict(body)
    rule.model, rule.parameters = price.model.name, price.model.to_dict()
    rule.free_units, rule.minimum, rule.maximum = price.free_units, price.minimum, price.maximum
    rule.charge_at_zero = price.charge_at_zero


def _check_changeable(rule: PricingRule, names: set[str]) -> None:
    if names - {"effective_to"} and rule.is_billed:
        raise DomainError("This price is on an issued invoice: end it, and add another.", code="PRICE_IN_USE")


def _save(rule: PricingRule) -> None:
    if (other := overlapping(rule)) is not None:
        raise _overlap(rule, other)
    rule.full_clean()
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError as error:  # another transaction added a rule at the same time
        if (other := overlapping(rule)) is None:
            raise
        raise _overlap(rule, other) from error


def overlapping(rule: PricingRule) -> PricingRule | None:
    """The first other rule for the same usage that applies on some of the days; None if there is none."""
    same = PricingRule.objects.filter(
        organisation=rule.organisation,
        metric_name=rule.metric_name,
        unit=rule.unit,
        currency=rule.currency,
        dimensions=rule.dimensions,
    ).exclude(pk=rule.pk)
    return same.during(rule.effective_from, rule.effective_to or date.max).order_by("effective_from").first()


def _overlap(rule: PricingRule, other: PricingRule) -> DomainError:
    """The error that names the other rule and its days, and says how both rules are possible."""
    until = f"to {last_day_text(other.effective_to)}" if other.effective_to else "on"
    if other.effective_from < rule.effective_from:
        way_out = f"end that price on {last_day_text(rule.effective_from)} first"
    elif other.effective_from > rule.effective_from:
        way_out = f"end the new price on {last_day_text(other.effective_from)}, or change the other one"
    else:
        way_out = "change that price, or begin the new one later"
    words = WordBook(rule.organisation).words(rule.metric_name, rule.unit)
    return DomainError(
        f"“{words.name}” ({rule.unit}) has a price from {day_text(other.effective_from)} {until} already: {way_out}.",
        code="PRICE_OVERLAP",
        details={"pricing_rule": str(other.pk)},
    )
