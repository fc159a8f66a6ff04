"""A price: a model with free units, a minimum and a maximum, read from and written to JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.money import ZERO, exact_arithmetic
from billing_platform.lib.number_formats import NumberError, parse_decimal, plain_text
from invoicing.pricing.charges import NO_CHARGE, Charge, PriceError, Usage, adjustment, check_number, step
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

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Price:
    """A price model with its free units, and the minimum and maximum of its line.

    `charge_at_zero`: the first tier's flat fee, a flat amount and the minimum are due also without usage.
    """

    model: Model
    free_units: Decimal = ZERO
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    charge_at_zero: bool = False

    def __post_init__(self) -> None:
        check_number("free_units", self.free_units, QUANTITY_PLACES)
        if self.free_units and isinstance(self.model, Percentage) and self.model.has_allowance:
            raise PriceError("free_units", "must be 0 beside free events or a free amount.")
        if self.minimum is not None:
            check_number("minimum", self.minimum)
        if self.maximum is not None:
            check_number("maximum", self.maximum)
            if self.minimum is not None and self.maximum < self.minimum:
                raise PriceError("maximum", "must not be less than the minimum.")

    def charge(self, usage: Usage) -> Charge:
        """The charge between minimum and maximum."""
        if usage.quantity.is_zero() and not usage.event_count:
            return self.charge_no_usage()
        with exact_arithmetic():
            return self._bounded(self.charge_without_bounds(usage))

    def charge_no_usage(self) -> Charge:
        """What is due without quantity and events: nothing, unless the price asks for it."""
        with exact_arithmetic():
            return self._bounded(self.model.charge_nothing()) if self.charge_at_zero else Charge.of([])

    def _bounded(self, charge: Charge) -> Charge:
        clamp = adjustment(self.minimum, self.maximum, charge.exact_amount)
        return Charge.of([*charge.steps, clamp]) if clamp else charge

    def charge_without_bounds(self, usage: Usage) -> Charge:
        """The model's price of what is left after the free units. Minimum and maximum are left to the caller, who may
        have to apply them to a larger sum."""
        with exact_arithmetic():
            free = min(self.free_units, usage.quantity)
            rest = usage.quantity - free
            due = self.model.charge_nothing() if self.charge_at_zero and not rest else NO_CHARGE
            priced = self.model.charge(replace(usage, quantity=rest))
            return Charge.of([step("Free units", free, ZERO), *priced.steps, *due.steps])

    def to_dict(self) -> dict[str, Any]:
        """The JSON body that `price_from_dict` reads; what is not set is left out."""
        body = {"model": self.model.name, **self.model.to_dict()}
        if self.free_units:
            body["free_units"] = plain_text(self.free_units)
        for field in ("minimum", "maximum"):
            if getattr(self, field) is not None:
                body[field] = plain_text(getattr(self, field))
        if self.charge_at_zero:
            body["charge_at_zero"] = True
        return body


def price_from_dict(body: Mapping[str, Any]) -> Price:
    """Read the price part of a rule body; fields of other concerns (metric, dates, …) are not looked at."""
    name = body.get("model")
    if not isinstance(name, str) or name not in _READERS:
        raise PriceError("model", f"must be one of {', '.join(sorted(_READERS))}.")
    return Price(
        model=_READERS[name](body),
        free_units=_optional(body, "free_units") or ZERO,
        minimum=_optional(body, "minimum"),
        maximum=_optional(body, "maximum"),
        charge_at_zero=_read_flag(body, "charge_at_zero"),
    )


def _read_tiers(body: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
    rows = body.get("tiers")
    if not isinstance(rows, list | tuple):
        raise PriceError("tiers", "is required.")
    return tuple(_read_row(index, row, read) for index, row in enumerate(rows))


def _read_row(index: int, row: object, read: Callable[[Mapping[str, Any]], T]) -> T:
    if not isinstance(row, Mapping):
        raise PriceError(f"tiers[{index}]", "must be an object.")
    try:
        return read(row)
    except PriceError as error:
        raise PriceError(f"tiers[{index}].{error.path}", error.problem) from None


def _read_tier(row: Mapping[str, Any]) -> Tier:
    return Tier(_optional(row, "up_to"), _optional(row, "unit_price") or ZERO, _optional(row, "flat_fee") or ZERO)


def _read_percent_tier(row: Mapping[str, Any]) -> PercentTier:
    return PercentTier(_optional(row, "up_to"), _required(row, "rate"), _optional(row, "flat_fee") or ZERO)


def _read_package(body: Mapping[str, Any]) -> Package:
    rounding = body.get("rounding") or Rounding.UP
    if rounding not in list(Rounding):
        raise PriceError("rounding", f"must be one of {', '.join(Rounding)}.")
    return Package(_required(body, "package_price"), _required(body, "package_size"), Rounding(rounding))


def _read_percentage(body: Mapping[str, Any]) -> Percentage:
    """No free event and a free amount of zero are no allowance, as if they were left out."""
    return Percentage(
        _required(body, "rate"),
        _optional(body, "fixed_fee") or ZERO,
        free_events=_whole_number(body, "free_events") or None,
        free_amount=_optional(body, "free_amount") or None,
    )


def _whole_number(body: Mapping[str, Any], field: str) -> int | None:
    value = _optional(body, field)
    if value is not None and value != value.to_integral_value():
        raise PriceError(field, "must be a whole number.")
    return None if value is None else int(value)


def _read_flag(body: Mapping[str, Any], field: str) -> bool:
    value = body.get(field)
    if value is not None and not isinstance(value, bool):
        raise PriceError(field, "must be true or false.")
    return bool(value)


def _optional(body: Mapping[str, Any], field: str) -> Decimal | None:
    value = body.get(field)
    if value is None:
        return None
    try:
        return parse_decimal(value)
    except NumberError as error:
        raise PriceError(field, str(error)) from None


def _required(body: Mapping[str, Any], field: str) -> Decimal:
    value = _optional(body, field)
    if value is None:
        raise PriceError(field, "is required.")
    return value


_READERS: dict[str, Callable[[Mapping[str, Any]], Model]] = {
    PerUnit.name: lambda body: PerUnit(_required(body, "unit_price")),
    Graduated.name: lambda body: Graduated(_read_tiers(body, _read_tier)),
    GraduatedPercentage.name: lambda body: GraduatedPercentage(_read_tiers(body, _read_percent_tier)),
    Volume.name: lambda body: Volume(_read_tiers(body, _read_tier)),
    Package.name: _read_package,
    Percentage.name: _read_percentage,
    Flat.name: lambda body: Flat(_required(body, "amount")),
}
MODELS = tuple(_READERS)
