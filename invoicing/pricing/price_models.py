"""The seven price models; each is charged through `Price`, which sees to exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_events, format_number, plain_text, short_text
from invoicing.pricing.charges import NO_CHARGE, Charge, PriceError, Usage, check_number, step
from invoicing.pricing.tiers import PercentTier, Tier, bands, charge_first_fee, check_tiers, parts

MAX_FREE_EVENTS = 10_000
"""So many events of a month are looked at one by one."""


class Model(Protocol):
    """A price model: how a quantity becomes a charge. `charge` of a quantity of zero leaves out what is due only when
    the price asks for it: `charge_nothing` has that."""

    name: ClassVar[str]

    def charge(self, usage: Usage) -> Charge: ...

    def charge_nothing(self) -> Charge: ...

    def to_dict(self) -> dict[str, Any]: ...


class _NothingAtZero:
    """A model that has no amount to charge without usage. The minimum of its price may be one."""

    __slots__ = ()

    def charge_nothing(self) -> Charge:
        return NO_CHARGE


@dataclass(frozen=True, slots=True)
class PerUnit(_NothingAtZero):
    """Every unit costs the same."""

    name: ClassVar[str] = "per_unit"
    unit_price: Decimal

    def __post_init__(self) -> None:
        check_number("unit_price", self.unit_price)

    def charge(self, usage: Usage) -> Charge:
        return Charge.of([step("Units", usage.quantity, self.unit_price)])

    def to_dict(self) -> dict[str, Any]:
        return {"unit_price": plain_text(self.unit_price)}


@dataclass(frozen=True, slots=True)
class Graduated:
    """Each unit costs what its own tier says; a tier's flat fee is due once any unit falls in it."""

    name: ClassVar[str] = "graduated"
    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    def charge(self, usage: Usage) -> Charge:
        reached = parts(self.tiers, usage.quantity)
        return Charge.of(step(label, part, tier.unit_price, tier.flat_fee) for tier, label, part in reached)

    def charge_nothing(self) -> Charge:
        return charge_first_fee(self.tiers)

    def to_dict(self) -> dict[str, Any]:
        return {"tiers": [tier.to_dict() for tier in self.tiers]}


@dataclass(frozen=True, slots=True)
class GraduatedPercentage:
    """The quantity is an amount of money: a share of each part of it, at the rate of the part's tier. A tier's flat fee
    is due once any part falls in it."""

    name: ClassVar[str] = "graduated_percentage"
    tiers: tuple[PercentTier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    def charge(self, usage: Usage) -> Charge:
        return Charge.of(
            step(f"{short_text(tier.rate)}% of {_lower_first(label)}", part, tier.unit_price, tier.flat_fee)
            for tier, label, part in parts(self.tiers, usage.quantity)
        )

    def charge_nothing(self) -> Charge:
        return charge_first_fee(self.tiers)

    def to_dict(self) -> dict[str, Any]:
        return {"tiers": [tier.to_dict() for tier in self.tiers]}


@dataclass(frozen=True, slots=True)
class Volume:
    """The tier that the whole quantity reaches prices every unit."""

    name: ClassVar[str] = "volume"
    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    def charge(self, usage: Usage) -> Charge:
        if usage.quantity.is_zero():
            return NO_CHARGE
        tier, label = self.reached(usage.quantity)
        return Charge.of([step(f"All units in {label}", usage.quantity, tier.unit_price, tier.flat_fee)])

    def charge_nothing(self) -> Charge:
        return charge_first_fee(self.tiers)

    def reached(self, quantity: Decimal) -> tuple[Tier, str]:
        """The tier that a quantity reaches, and its label."""
        found = bands(self.tiers)
        return next((tier, label) for _, tier, label in found if tier.up_to is None or quantity <= tier.up_to)

    def to_dict(self) -> dict[str, Any]:
        return {"tiers": [tier.to_dict() for tier in self.tiers]}


class Rounding(StrEnum):
    """What becomes of a rest that fills no package."""

    UP = "up"  # a started package counts whole
    DOWN = "down"  # only full packages count, the rest costs nothing


@dataclass(frozen=True, slots=True)
class Package(_NothingAtZero):
    """Units are sold by the package."""

    name: ClassVar[str] = "package"
    package_price: Decimal
    package_size: Decimal
    rounding: Rounding = Rounding.UP

    def __post_init__(self) -> None:
        check_number("package_price", self.package_price)
        check_number("package_size", self.package_size, QUANTITY_PLACES)
        if self.package_size.is_zero():
            raise PriceError("package_size", "must be greater than 0.")

    def charge(self, usage: Usage) -> Charge:
        packages, rest = divmod(usage.quantity, self.package_size)
        size = format_number(self.package_size)
        if self.rounding == Rounding.DOWN:
            full = step(f"Full packages of {size}", packages, self.package_price)
            return Charge.of([full, step("Rest, below a package", rest, ZERO)])
        started = packages if rest.is_zero() else packages + 1
        return Charge.of([step(f"Packages of {size}", started, self.package_price)])

    def to_dict(self) -> dict[str, Any]:
        return {
            "package_price": plain_text(self.package_price),
            "package_size": plain_text(self.package_size),
            "rounding": str(self.rounding),
        }


@dataclass(frozen=True, slots=True)
class Percentage(_NothingAtZero):
    """A share of the total (the quantity is an amount of money), plus a fee for every event.

    The first events of a month are free until `free_events` of them were counted, or until the next one would exceed
    `free_amount`, whichever comes first. Of an event that exceeds the amount, the part within it is free of the share,
    and the fee is due.
    """

    name: ClassVar[str] = "percentage"
    rate: Decimal
    fixed_fee: Decimal = ZERO
    free_events: int | None = None
    free_amount: Decimal | None = None

    def __post_init__(self) -> None:
        check_number("rate", self.rate)
        check_number("fixed_fee", self.fixed_fee)
        if self.free_events is not None and not 1 <= self.free_events <= MAX_FREE_EVENTS:
            raise PriceError("free_events", f"must be a whole number from 1 to {MAX_FREE_EVENTS:,}.")
        if self.free_amount is None:
            return
        check_number("free_amount", self.free_amount, QUANTITY_PLACES)
        if self.fixed_fee and self.free_events is None:
            raise PriceError("free_events", "is required beside a free amount and a fee per event.")

    @property
    def has_allowance(self) -> bool:
        return self.free_events is not None or self.free_amount is not None

    def charge(self, usage: Usage) -> Charge:
        free_amount, free_events = self._free(usage)
        free = "Free amount" if self.free_events is None else f"Free: the first {format_events(free_events)}"
        rest = "rest" if free_amount else "total"
        share = step(f"{short_text(self.rate)}% of the {rest}", usage.quantity - free_amount, self.rate.scaleb(-2))
        fee = step("Fee per event", Decimal(usage.event_count - free_events), self.fixed_fee)
        return Charge.of([step(free, free_amount, ZERO), share, *([fee] if self.fixed_fee else [])])

    def _free(self, usage: Usage) -> tuple[Decimal, int]:
        """How much of the quantity is free of the share, and how many events are free of the fee."""
        if self.free_events is None:
            return min(self.free_amount or ZERO, usage.quantity), 0
        total = ZERO
        amounts = usage.amounts_of_first_events(self.free_events)
        for count, amount in enumerate(amounts):
            if self.free_amount is not None and total + amount > self.free_amount:
                return min(self.free_amount, usage.quantity), count
            total += amount
        return min(total, usage.quantity), len(amounts)

    def to_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {"rate": plain_text(self.rate), "fixed_fee": plain_text(self.fixed_fee)}
        if self.free_events is not None:
            body["free_events"] = self.free_events
        if self.free_amount is not None:
            body["free_amount"] = plain_text(self.free_amount)
        return body


@dataclass(frozen=True, slots=True)
class Flat:
    """One amount for the period, whatever the quantity, if there was any."""

    name: ClassVar[str] = "flat"
    amount: Decimal

    def __post_init__(self) -> None:
        check_number("amount", self.amount)

    def charge(self, usage: Usage) -> Charge:
        return self.charge_nothing() if usage.quantity else NO_CHARGE

    def charge_nothing(self) -> Charge:
        return Charge.of([step("Flat amount for the period", ZERO, ZERO, self.amount)])

    def to_dict(self) -> dict[str, Any]:
        return {"amount": plain_text(self.amount)}


def _lower_first(label: str) -> str:
    return label[0].lower() + label[1:]
