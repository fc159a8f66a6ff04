"""A price in another currency than the invoice's: exchanged once, so that everything after it is in one currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from billing_platform.lib.limits import UNIT_PRICE_PLACES
from billing_platform.lib.money import exact_arithmetic, with_places
from invoicing.pricing.price import Price
from invoicing.pricing.price_models import (
    Flat,
    Graduated,
    GraduatedPercentage,
    Model,
    Package,
    Percentage,
    PerUnit,
    Volume,
)
from invoicing.pricing.tiers import Tier

NEVER_EXCHANGED = (Percentage.name, GraduatedPercentage.name)
"""Models whose quantity is an amount of money: in which currency, nobody says."""


def exchanged_price(price: Price, rate: Decimal) -> Price:
    """Each amount of the price times the rate, rounded to the decimals of a unit price; quantities stay.

    Raises PriceError where an amount is too large then, and ValueError for a model that is never exchanged.
    """
    with exact_arithmetic():
        return replace(
            price,
            model=_exchanged(price.model, rate),
            minimum=None if price.minimum is None else _amount(price.minimum, rate),
            maximum=None if price.maximum is None else _amount(price.maximum, rate),
        )


def _exchanged(model: Model, rate: Decimal) -> Model:
    match model:
        case PerUnit():
            return PerUnit(_amount(model.unit_price, rate))
        case Graduated():
            return Graduated(tuple(_tier(tier, rate) for tier in model.tiers))
        case Volume():
            return Volume(tuple(_tier(tier, rate) for tier in model.tiers))
        case Package():
            return replace(model, package_price=_amount(model.package_price, rate))
        case Flat():
            return Flat(_amount(model.amount, rate))
    raise ValueError(f"A price of the model {model.name} is never exchanged.")


def _tier(tier: Tier, rate: Decimal) -> Tier:
    return replace(tier, unit_price=_amount(tier.unit_price, rate), flat_fee=_amount(tier.flat_fee, rate))


def _amount(amount: Decimal, rate: Decimal) -> Decimal:
    return with_places(amount * rate, UNIT_PRICE_PLACES)
