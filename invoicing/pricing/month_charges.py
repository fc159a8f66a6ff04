"""A month in which a price changes: what each version charges for its own days.

Free units, tiers, packages, flat amounts, minimum and maximum belong to the month: a later version charges its price of
the month so far less its price of what came before. docs/money.md, section 3, has the rules and worked rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing_platform.lib.money import ZERO, exact_arithmetic, round_money
from billing_platform.lib.number_formats import format_number
from invoicing.pricing.charges import NO_CHARGE, Charge, Usage, adjustment, step
from invoicing.pricing.price import Price
from invoicing.pricing.price_models import Percentage, PerUnit, Volume
from invoicing.steps import Step


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted on some days. Negative where corrections outweigh usage. `first_events` as in `Usage`."""

    quantity: Decimal = ZERO
    event_count: int = 0
    first_events: tuple[Decimal, ...] | None = None

    def __add__(self, other: Counted) -> Counted:
        """Both together; the days of `other` are the later ones."""
        known = None
        if self.first_events is not None and other.first_events is not None:
            known = self.first_events + other.first_events
        return Counted(self.quantity + other.quantity, self.event_count + other.event_count, known)

    def __neg__(self) -> Counted:
        return Counted(-self.quantity, -self.event_count)

    @property
    def is_negative(self) -> bool:
        return self.quantity < ZERO or (self.quantity == ZERO and self.event_count < 0)

    @property
    def is_nothing(self) -> bool:
        return not self.quantity and not self.event_count


@dataclass(frozen=True, slots=True)
class Part:
    """The days of one version: what was used on them, and on the month's days before them."""

    price: Price
    used: Counted
    before: Counted | None = None  # None: nothing had been reported yet, which is not the same as a quantity of zero
    before_in_words: str = "what came before"

    @property
    def so_far(self) -> Counted:
        return self.used if self.before is None else self.before + self.used


def charge_month(parts: Sequence[Part], month: Counted, bounds: Price) -> list[Charge]:
    """The exact charge of each part. `month` is what the whole month counts; `bounds` has the minimum and maximum that
    clamp the sum, as a step of the last part."""
    with exact_arithmetic():
        charges = [_charge_part(part, month) for part in parts]
        if charges and not month.is_nothing:
            total = sum((charge.exact_amount for charge in charges), ZERO)
            clamped = adjustment(bounds.minimum, bounds.maximum, -total if month.is_negative else total)
            if clamped is not None:
                clamp = clamped.negated() if month.is_negative else clamped
                charges[-1] = Charge.of([*charges[-1].steps, clamp])
    return charges


def round_running(charges: Iterable[Charge], currency: str) -> list[tuple[Charge, Decimal]]:
    """Each charge with its rounded amount. The first n amounts always add up to the first n charges together, rounded:
    charges of 0.005 and 0.005 are 0.01 and 0.00, so a price that changes into itself costs what it costs unchanged."""
    exact = rounded = ZERO
    found = []
    with exact_arithmetic():
        for charge in charges:
            exact += charge.exact_amount
            amount = round_money(exact, currency) - rounded
            rounded += amount
            if amount != round_money(charge.exact_amount, currency):
                rest = step("Rounding", ZERO, ZERO, amount - charge.exact_amount)
                charge = Charge.of([*charge.steps, rest])
            found.append((charge, amount))
    return found


def _charge_part(part: Part, month: Counted) -> Charge:
    if isinstance(part.price.model, Volume):
        return _charge_by_volume(part, part.price.model, month)
    if part.before is None or _is_linear(part.price):
        return _signed(part.price, part.used)
    so_far, before = _signed(part.price, part.so_far), _signed(part.price, part.before)
    less = step(f"Less the same price of {part.before_in_words}", ZERO, ZERO, -before.exact_amount)
    return Charge.of([*so_far.steps, less])


def _signed(price: Price, used: Counted) -> Charge:
    """If corrections make the quantity negative and the month has no earlier invoice, charge the price of the same
    quantity with the sign reversed (a credit): −4 calls at ₹2 are −8.00. If the month is invoiced later, the difference
    on that invoice takes the credit into account. The fees of `percentage` have the sign of the number of events."""
    if isinstance(price.model, Percentage) and used.quantity * used.event_count < ZERO:
        share, fees = Counted(used.quantity), Counted(event_count=used.event_count)
        return Charge.of([*_signed(price, share).steps, *_signed(price, fees).steps])
    if used.is_negative:
        return _signed(price, -used).negated()
    if used.is_nothing:  # every event was voided: not even a fee for zero usage is due
        return NO_CHARGE
    return price.charge_without_bounds(Usage(used.quantity, max(used.event_count, 0), used.first_events))


def _is_linear(price: Price) -> bool:
    """Whether every unit and event costs the same, whatever came before it."""
    model = price.model
    return not price.free_units and (
        isinstance(model, PerUnit) or (isinstance(model, Percentage) and not model.has_allowance)
    )


def _charge_by_volume(part: Part, model: Volume, month: Counted) -> Charge:
    """The part's own quantity at the unit price of the tier that the whole month reaches. The tier's flat fee is due
    once, in the part that has the first unit which is not free."""
    if month.is_negative:
        mirrored = Part(part.price, -part.used, None if part.before is None else -part.before)
        return _charge_by_volume(mirrored, model, -month).negated()
    before, so_far = (_without_free(part.price, counted) for counted in (part.before or Counted(), part.so_far))
    used = so_far - before
    free = _free_step(part.used.quantity - used)
    total = _without_free(part.price, month)
    if not total:
        is_first = (part.before is None or part.before.is_nothing) and not part.so_far.is_nothing
        due = model.charge_nothing() if is_first and part.price.charge_at_zero else NO_CHARGE
        return Charge.of([free, *due.steps])
    tier, label = model.reached(total)
    fees = int(so_far > ZERO) - int(before > ZERO)
    by = f", by the month's total of {format_number(total)}" if total != used else ""
    return Charge.of([free, step(f"All units in {label}{by}", used, tier.unit_price, tier.flat_fee * fees)])


def _free_step(free: Decimal) -> Step:
    return step("Free units", free, ZERO)


def _without_free(price: Price, counted: Counted) -> Decimal:
    return counted.quantity - min(price.free_units, max(counted.quantity, ZERO))
