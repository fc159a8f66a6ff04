"""What each price model asks for: the one description that the price form, its rows and price lists are made from.

A new model is one entry of MODELS, and what it asks for beside that an entry of PARTS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from billing_platform.lib.admin.rows import Row
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import NumberError, format_number, parse_decimal


class Kind(StrEnum):
    NUMBER = "number"
    CHOICE = "choice"
    TIERS = "tiers"


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a price model asks for. `name` is its field in the body of a price (docs/api.md)."""

    name: str
    label: str
    help: str = ""
    kind: Kind = Kind.NUMBER
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelParts:
    """The parts of a model in the order of the form, the columns of its tiers, what it does in one sentence, and
    whether free units make sense with it."""

    sentence: str
    parts: tuple[str, ...]
    columns: tuple[str, ...] = ()
    takes_free_units: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        """What the form shows for the model, of what not every model has."""
        return (*self.parts, "free_units") if self.takes_free_units else self.parts


PARTS = {
    part.name: part
    for part in (
        Part("unit_price", "Price of a unit"),
        Part("tiers", "Tiers", "The end belongs to its tier. Leave the end of the last tier empty.", Kind.TIERS),
        Part("amount", "Amount", "Once a month, if anything was used."),
        Part("package_price", "Price of a package"),
        Part("package_size", "Units in a package"),
        Part(
            "rounding",
            "A package that is not full",
            kind=Kind.CHOICE,
            choices=(("up", "Costs a whole package"), ("down", "Costs nothing")),
        ),
        Part("rate", "Percent of the total", "The quantity of the metric is an amount of money."),
        Part("fixed_fee", "Fee for every event", "Beside the percentage. Empty: none."),
        Part("free_events", "Free events", "The first events of a month are free of percentage and fee. Empty: none."),
        Part("free_amount", "Free amount", "No more than this is free. With free events: whichever ends first."),
    )
}
_TIERS_OF_UNITS = ("unit_price", "flat_fee")
MODELS = {
    "per_unit": ModelParts("Every unit costs the same.", ("unit_price",)),
    "graduated": ModelParts(
        "Each unit costs what its own tier says. The flat fee of a tier is due once a unit falls in it.",
        ("tiers",),
        _TIERS_OF_UNITS,
    ),
    "graduated_percentage": ModelParts(
        "Each part of an amount of money costs the percentage of its own tier.", ("tiers",), ("rate", "flat_fee")
    ),
    "volume": ModelParts("The tier that the whole quantity reaches prices every unit.", ("tiers",), _TIERS_OF_UNITS),
    "package": ModelParts("Units are sold by the package.", ("package_price", "package_size", "rounding")),
    "percentage": ModelParts("A share of an amount of money.", ("rate", "fixed_fee", "free_events", "free_amount")),
    "flat": ModelParts("One amount for the month, whatever the quantity.", ("amount",), takes_free_units=False),
}
TIER_COLUMNS = {"up_to": "To", "unit_price": "Price of a unit", "rate": "Percent", "flat_fee": "Flat fee"}


def body_of(model: str, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a price from what was typed; what was left empty is None. Parts of other models are left out."""
    parts = MODELS[model]
    body: dict[str, Any] = {"model": model}
    for name in parts.parts:
        if PARTS[name].kind == Kind.TIERS:
            body[name] = [_tier_of(row, parts.columns) for row in typed.get(name) or ()]
        else:
            body[name] = typed.get(name) or None
    return body


def typed_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows for the body of a price: the reverse of `body_of`."""
    typed = {name: body[name] for name in PARTS if name in body and name != "tiers"}
    if "tiers" in body:
        typed["tiers"] = [
            {name: "" if name == "flat_fee" and _is_zero(tier[name]) else tier[name] or "" for name in tier}
            for tier in body["tiers"]
        ]
    return typed


def tier_faults(rows: Sequence[Row]) -> list[str]:
    """What is wrong with the ends of the tiers, in sentences. Ends that are no numbers are told by the price itself."""
    if not rows:
        return ["Write at least one tier."]
    try:
        ends = [parse_decimal(row["up_to"]) if row.get("up_to") else None for row in rows]
    except NumberError:
        return []
    faults = []
    for number, (end, following) in enumerate(pairwise(ends), start=1):
        after = number + 1
        if end is None:
            faults.append(f"Tier {number} has no end, but tier {after} follows it: write where tier {number} ends.")
        elif following is not None and following <= end:
            faults.append(
                f"Tier {number} ends at {format_number(end)}, but tier {after} ends at {format_number(following)} "
                f"already: nothing is left for tier {after}."
            )
    if ends[-1] is not None:
        last = format_number(ends[-1])
        faults.append(
            f"The last tier ends at {last}, and nothing says what more than {last} costs: leave its end empty, "
            "or add a tier."
        )
    return faults


def _tier_of(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    return {name: row.get(name) or None for name in ("up_to", *columns)}


def _is_zero(text: Any) -> bool:
    try:
        return parse_decimal(text) == ZERO
    except NumberError:
        return False
