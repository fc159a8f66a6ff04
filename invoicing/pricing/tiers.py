"""Tiers of a price: bands of quantities, contiguous from zero, the last without end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_number, plain_text, short_text
from invoicing.pricing.charges import Charge, PriceError, check_number, step

MAX_TIERS = 100


class AnyTier(Protocol):
    """A band of quantities; `up_to` belongs to it, and None means without end."""

    @property
    def up_to(self) -> Decimal | None: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def flat_fee(self) -> Decimal: ...

    def to_dict(self) -> dict[str, Any]: ...


T = TypeVar("T", bound=AnyTier)


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier with a price of each unit."""

    up_to: Decimal | None
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO

    def __post_init__(self) -> None:
        _check_tier(self.up_to, self.flat_fee)
        check_number("unit_price", self.unit_price)

    def to_dict(self) -> dict[str, Any]:
        return {"up_to": _bound_text(self), "unit_price": plain_text(self.unit_price), **_fee(self)}


@dataclass(frozen=True, slots=True)
class PercentTier:
    """A tier of an amount of money, of which a share is charged: `rate` is in percent."""

    up_to: Decimal | None
    rate: Decimal = ZERO
    flat_fee: Decimal = ZERO

    def __post_init__(self) -> None:
        _check_tier(self.up_to, self.flat_fee)
        check_number("rate", self.rate)

    @property
    def unit_price(self) -> Decimal:
        return self.rate.scaleb(-2)

    def to_dict(self) -> dict[str, Any]:
        return {"up_to": _bound_text(self), "rate": plain_text(self.rate), **_fee(self)}


def check_tiers(tiers: Sequence[AnyTier]) -> None:
    """Raises PriceError at the tier whose end is wrong."""
    if not 1 <= len(tiers) <= MAX_TIERS:
        raise PriceError("tiers", f"must hold 1 to {MAX_TIERS} tiers.")
    lower = ZERO
    for index, tier in enumerate(tiers):
        is_last = index == len(tiers) - 1
        if (tier.up_to is None) != is_last:
            need = (
                "must be null: the last tier has no end."
                if is_last
                else "must be a number: only the last tier has none."
            )
            raise PriceError(f"tiers[{index}].up_to", need)
        if tier.up_to is not None and tier.up_to <= lower:
            raise PriceError(f"tiers[{index}].up_to", f"must be greater than {short_text(lower)}.")
        lower = tier.up_to or lower


def bands(tiers: Sequence[T]) -> Iterator[tuple[Decimal, T, str]]:
    """Each tier with the bound below it and its label."""
    lower = ZERO
    for number, tier in enumerate(tiers, start=1):
        yield lower, tier, f"Tier {number} ({_span(lower, tier.up_to)})"
        lower = tier.up_to or lower


def parts(tiers: Sequence[T], quantity: Decimal) -> Iterator[tuple[T, str, Decimal]]:
    """Each tier that a quantity reaches, its label, and the part of the quantity that lies in it."""
    for lower, tier, label in bands(tiers):
        if quantity <= lower:
            return
        yield tier, label, (quantity if tier.up_to is None else min(quantity, tier.up_to)) - lower


def charge_first_fee(tiers: Sequence[AnyTier]) -> Charge:
    """The flat fee of the first tier, which is due at zero usage if the price asks for it."""
    return Charge.of([step("Tier 1 without usage", ZERO, ZERO, tiers[0].flat_fee)])


def _span(above: Decimal, up_to: Decimal | None) -> str:
    if up_to is None:
        return f"over {format_number(above)}"
    if above.is_zero():
        return f"up to {format_number(up_to)}"
    return f"over {format_number(above)}, up to {format_number(up_to)}"


def _check_tier(up_to: Decimal | None, flat_fee: Decimal) -> None:
    if up_to is not None:
        check_number("up_to", up_to, QUANTITY_PLACES)
    check_number("flat_fee", flat_fee)


def _bound_text(tier: AnyTier) -> str | None:
    return None if tier.up_to is None else plain_text(tier.up_to)


def _fee(tier: AnyTier) -> dict[str, str]:
    return {"flat_fee": plain_text(tier.flat_fee)}
