"""The six price models; each is charged through `Price`, which sees to exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_number, plain_text, short_text
from invoicing.pricing.charges import Charge, PriceError, Usage, check_number, step

MAX_TIERS = 100


class Model(Protocol):
    """A price model: how a quantity becomes a charge."""

    name: ClassVar[str]

    def charge(self, usage: Usage) -> Charge: ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class PerUnit:
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
class Tier:
    """A band of quantities; `up_to` belongs to it, and None means without end."""

    up_to: Decimal | None
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO

    def __post_init__(self) -> None:
        if self.up_to is not None:
            check_number("up_to", self.up_to, QUANTITY_PLACES)
        check_number("unit_price", self.unit_price)
        check_number("flat_fee", self.flat_fee)

    def holds(self, quantity: Decimal) -> bool:
        return self.up_to is None or quantity <= self.up_to

    def label(self, above: Decimal) -> str:
        if self.up_to is None:
            return f"over {format_number(above)}"
        return (
            f"up to {format_number(self.up_to)}"
            if above.is_zero()
            else f"over {format_number(above)}, up to {format_number(self.up_to)}"
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "up_to": None if self.up_to is None else plain_text(self.up_to),
            "unit_price": plain_text(self.unit_price),
            "flat_fee": plain_text(self.flat_fee),
        }


@dataclass(frozen=True, slots=True)
class _Tiered:
    """Contiguous tiers from zero, the last without end."""

    tiers: tuple[Tier, ...]
    charge_at_zero: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.tiers) <= MAX_TIERS:
            raise PriceError("tiers", f"must hold 1 to {MAX_TIERS} tiers.")
        lower = ZERO
        for index, tier in enumerate(self.tiers):
            is_last = index == len(self.tiers) - 1
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

    def bands(self) -> list[tuple[Decimal, Tier, str]]:
        """Each tier with the bound below it and its label."""
        lowers = [ZERO, *(tier.up_to for tier in self.tiers if tier.up_to is not None)]
        return [
            (lower, tier, f"Tier {number} ({tier.label(lower)})")
            for number, (lower, tier) in enumerate(zip(lowers, self.tiers, strict=True), start=1)
        ]

    def charge_nothing(self) -> Charge:
        first = self.tiers[0]
        return Charge.of([step("Tier 1 without usage", ZERO, ZERO, first.flat_fee)] if self.charge_at_zero else [])

    def to_dict(self) -> dict[str, Any]:
        return {"tiers": [tier.to_dict() for tier in self.tiers], "charge_at_zero": self.charge_at_zero}


@dataclass(frozen=True, slots=True)
class Graduated(_Tiered):
    """Each unit costs what its own tier says; a tier's flat fee is due once any unit falls in it."""

    name: ClassVar[str] = "graduated"

    def charge(self, usage: Usage) -> Charge:
        if usage.quantity.is_zero():
            return self.charge_nothing()
        steps = []
        for lower, tier, label in self.bands():
            if usage.quantity <= lower:
                break
            upper = usage.quantity if tier.up_to is None else min(usage.quantity, tier.up_to)
            steps.append(step(label, upper - lower, tier.unit_price, tier.flat_fee))
        return Charge.of(steps)


@dataclass(frozen=True, slots=True)
class Volume(_Tiered):
    """The tier that the whole quantity reaches prices every unit."""

    name: ClassVar[str] = "volume"

    def charge(self, usage: Usage) -> Charge:
        if usage.quantity.is_zero():
            return self.charge_nothing()
        tier, label = self.reached(usage.quantity)
        return Charge.of([step(f"All units in {label}", usage.quantity, tier.unit_price, tier.flat_fee)])

    def reached(self, quantity: Decimal) -> tuple[Tier, str]:
        """The tier that a quantity reaches, and its label."""
        return next((tier, label) for _, tier, label in self.bands() if tier.holds(quantity))


@dataclass(frozen=True, slots=True)
class Package:
    """Units are sold by the package; every started package counts whole."""

    name: ClassVar[str] = "package"
    package_price: Decimal
    package_size: Decimal

    def __post_init__(self) -> None:
        check_number("package_price", self.package_price)
        check_number("package_size", self.package_size, QUANTITY_PLACES)
        if self.package_size.is_zero():
            raise PriceError("package_size", "must be greater than 0.")

    def charge(self, usage: Usage) -> Charge:
        whole, rest = divmod(usage.quantity, self.package_size)
        packages = whole if rest.is_zero() else whole + 1
        return Charge.of([step(f"Packages of {format_number(self.package_size)}", packages, self.package_price)])

    def to_dict(self) -> dict[str, Any]:
        return {"package_price": plain_text(self.package_price), "package_size": plain_text(self.package_size)}


@dataclass(frozen=True, slots=True)
class Percentage:
    """A share of the total (the quantity is an amount of money), plus a fee for every event."""

    name: ClassVar[str] = "percentage"
    rate: Decimal
    fixed_fee: Decimal = ZERO

    def __post_init__(self) -> None:
        check_number("rate", self.rate)
        check_number("fixed_fee", self.fixed_fee)

    def charge(self, usage: Usage) -> Charge:
        share = step(f"{short_text(self.rate)}% of the total", usage.quantity, self.rate.scaleb(-2))
        fee = step("Fee per event", Decimal(usage.event_count), self.fixed_fee)
        return Charge.of([share, fee] if self.fixed_fee else [share])

    def to_dict(self) -> dict[str, Any]:
        return {"rate": plain_text(self.rate), "fixed_fee": plain_text(self.fixed_fee)}


@dataclass(frozen=True, slots=True)
class Flat:
    """One amount for the period, whatever the quantity, if there was any."""

    name: ClassVar[str] = "flat"
    amount: Decimal

    def __post_init__(self) -> None:
        check_number("amount", self.amount)

    def charge(self, usage: Usage) -> Charge:
        due = self.amount if usage.quantity else ZERO
        return Charge.of([step("Flat amount for the period", ZERO, ZERO, due)])

    def to_dict(self) -> dict[str, Any]:
        return {"amount": plain_text(self.amount)}
