"""Pricing: what a quantity costs under each price model, exactly, with the working shown.

Amounts are exact: nothing here rounds (the arithmetic raises if it would). A line is rounded once, by totals.
"""

from invoicing.pricing.charges import Charge, PriceError, Usage
from invoicing.pricing.price import MODELS, Price, price_from_dict
from invoicing.pricing.price_models import Flat, Graduated, Model, Package, Percentage, PerUnit, Tier, Volume

__all__ = [
    "MODELS",
    "Charge",
    "Flat",
    "Graduated",
    "Model",
    "Package",
    "PerUnit",
    "Percentage",
    "Price",
    "PriceError",
    "Tier",
    "Usage",
    "Volume",
    "price_from_dict",
]
