"""Draft prices: rules that are checked as the price book's are, and never stored there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Q

from invoicing.models import PricingRule
from invoicing.pricing.rules import Rule
from invoicing.services.prices.price_book import check_dimensions, set_price
from organisations.models import Organisation

_DAY = date(2020, 1, 1)
"""Drafts have no days; the columns want one."""


def draft(
    *,
    metric_name: str,
    unit: str,
    currency: str,
    price: Mapping[str, Any],
    organisation: Organisation | None = None,
    dimensions: Mapping[str, str] | None = None,
    pool: str = PricingRule.Pool.ORGANISATION,
    may_be_exchanged: bool = False,
) -> PricingRule:
    """A rule that is not stored; `price` is the price part of a rule body. Raises InvalidInput, or a ValidationError
    of the model, at the fields."""
    rule = PricingRule(
        organisation=organisation,
        metric_name=metric_name,
        unit=unit,
        currency=currency,
        dimensions=check_dimensions(dimensions or {}),
        pool=pool,
        may_be_exchanged=may_be_exchanged,
        effective_from=_DAY,
    )
    set_price(rule, price)
    rule.clean_fields()
    rule.clean()
    return rule


def draft_rule(body: Mapping[str, Any], first: date) -> Rule:
    """The plain value of a stored draft, which holds from the first day of a simulation on."""
    return Rule(
        id=uuid4(),
        organisation_id=UUID(body["organisation"]) if body["organisation"] else None,
        metric_name=body["metric_name"],
        unit=body["unit"],
        currency=body["currency"],
        dimensions=tuple(sorted(body["dimensions"].items())),
        pool=body["pool"],
        body=body,
        effective_from=first,
    )


def reaches(body: Mapping[str, Any]) -> Q:
    """The customers whom a stored draft may reach: its own, or those of its currency; if it may be exchanged, all."""
    if body["organisation"]:
        return Q(pk=body["organisation"])
    return Q(pk__isnull=False) if body["may_be_exchanged"] else Q(currency=body["currency"])


def stored_draft(body: Mapping[str, Any]) -> PricingRule:
    """The rule that a stored draft was made of."""
    names = ("metric_name", "unit", "currency", "dimensions", "pool", "may_be_exchanged")
    owner = body["organisation"]
    organisation = Organisation.objects.get(pk=owner) if owner else None
    return draft(organisation=organisation, price=body, **{name: body[name] for name in names})
