"""Pricing: what a quantity costs under each price model, exactly, with the working shown.

Amounts are exact: nothing here rounds (the arithmetic raises if it would). A line is rounded once, by totals.
"""

from invoicing.pricing.charges import Charge, PriceError, Usage
from invoicing.pricing.price import MODELS, Price, price_from_dict
from invoicing.pricing.price_models import (
    Flat,
    Graduated,
    GraduatedPercentage,
    Model,
    Package,
    Percentage,
    PerUnit,
    Rounding,
    Volume,
)
from invoicing.pricing.tiers import PercentTier, Tier

__all__ = [
    "MODELS",
    "Charge",
    "Flat",
    "Graduated",
    "GraduatedPercentage",
    "Model",
    "Package",
    "PerUnit",
    "PercentTier",
    "Percentage",
    "Price",
    "PriceError",
    "Rounding",
    "Tier",
    "Usage",
    "Volume",
    "price_from_dict",
]
