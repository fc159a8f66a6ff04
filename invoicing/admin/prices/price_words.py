"""Prices in words: one line for lists, and each part of a price for pages and its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from billing_platform.lib.dates_in_words import day_text, last_day_text
from billing_platform.lib.number_formats import format_number, format_percent, format_price
from invoicing.models import PricingRule

TIERS_SHOWN = 3

Shown = Callable[[Any], str]


def price_text(rule: PricingRule) -> str:
    """ "Per unit ₹0.015", "Graduated tiers ₹1.00 to 1,000, ₹0.50 above"."""
    return body_text(rule.model, rule.parameters, rule.currency, tiers_shown=TIERS_SHOWN)


def whole_price_text(body: Mapping[str, Any], currency: str) -> str:
    """All of a price: every tier, the free units, the minimum and the maximum."""
    parts = [body_text(str(body.get("model", "")), body, currency, tiers_shown=0)]
    if free := _number(body, "free_units"):
        parts.append(f"{format_number(free)} units free")
    for name, words in (("minimum", "at least"), ("maximum", "at most")):
        if body.get(name) not in (None, "", "None"):
            parts.append(f"{words} {format_price(Decimal(body[name]), currency)} a month")
    if body.get("charge_at_zero") in (True, "True"):
        parts.append("due also without usage")
    return "; ".join(parts)


def body_text(model: str, body: Mapping[str, Any], currency: str, *, tiers_shown: int) -> str:
    """The model's own part of a price. `tiers_shown` 0: all of them."""
    amounts = ", ".join(_amounts(body, currency, tiers_shown))
    return f"{dict(PricingRule.Model.choices).get(model, model)} {amounts or currency}"


def validity_text(effective_from: date, effective_to: date | None) -> str:
    """ "from 1 Oct 2026 to 31 Oct 2026", "from 1 Oct 2026"."""
    ends = f" to {last_day_text(effective_to)}" if effective_to else ""
    return f"from {day_text(effective_from)}{ends}"


def dimensions_text(dimensions: Mapping[str, str]) -> str:
    """ "region in, tier gold"."""
    return ", ".join(f"{name} {value}" for name, value in sorted(dimensions.items()))


def _amounts(body: Mapping[str, Any], currency: str, tiers_shown: int) -> list[str]:
    def shown(amount: Any) -> str:
        return format_price(Decimal(amount), currency)

    if tiers := body.get("tiers"):
        words = [_tier_text(tier, shown) for tier in tiers]
        if tiers_shown and len(words) > tiers_shown:
            words = [*words[: tiers_shown - 1], f"and {len(words) - tiers_shown + 1} more tiers"]
        return words
    if "package_price" in body:
        down = ", only full ones" if body.get("rounding") == "down" else ""
        return [f"{shown(body['package_price'])} for {format_number(Decimal(body['package_size']))}{down}"]
    if "rate" in body:
        return _percentage(body, shown)
    return [shown(body[name]) for name in ("unit_price", "amount") if name in body]


def _percentage(body: Mapping[str, Any], shown: Shown) -> list[str]:
    words = [format_percent(Decimal(body["rate"]))]
    if fee := _number(body, "fixed_fee"):
        words.append(f"{shown(fee)} an event")
    free = [
        *([f"{format_number(events)} events"] if (events := _number(body, "free_events")) else []),
        *([shown(amount)] if (amount := _number(body, "free_amount")) else []),
    ]
    return [*words, f"the first {' or '.join(free)} free"] if free else words


def _tier_text(tier: Mapping[str, Any], shown: Shown) -> str:
    fee = _number(tier, "flat_fee")
    price = format_percent(Decimal(tier["rate"])) if "rate" in tier else shown(tier.get("unit_price") or "0")
    price += f" and {shown(fee)}" if fee else ""
    return f"{price} to {format_number(Decimal(tier['up_to']))}" if tier.get("up_to") else f"{price} above"


def _number(body: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(body.get(name) or 0)


def unknown_metric_text(metric_name: str, unit: str) -> str:
    """Said of a price under a name that nothing is counted by: it bills nothing, and no invoice tells of it."""
    return f"There is no metric {metric_name} ({unit}), and no usage of it: are its name and unit right?"
