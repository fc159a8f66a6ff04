"""A step of the working of a line: what pricing computes, a line stores and the document prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import short_text


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the working of a line: quantity times unit price, plus a flat fee.

    The same value from the price model to the printed document; `to_json` is how a line keeps it. A share says which
    project used how much of the quantity: 40 of the 100 calls. A note says how the quantity came about: 2,048 MB
    × 1/1,024 = 2 GB. Neither has an amount of its own.
    """

    description: str
    quantity: Decimal
    unit_price: Decimal
    flat_fee: Decimal
    amount: Decimal
    is_share: bool = False
    is_note: bool = False

    @classmethod
    def note(cls, sentence: str) -> Step:
        return cls(sentence, ZERO, ZERO, ZERO, ZERO, is_note=True)

    @classmethod
    def share(cls, name: str, quantity: Decimal) -> Step:
        return cls(f"of which {name}", quantity, ZERO, ZERO, ZERO, is_share=True)

    @classmethod
    def of_amount(cls, description: str, amount: Decimal) -> Step:
        """A step that is an amount and nothing more, such as what was invoiced already. It may be 0."""
        return cls(description, ZERO, ZERO, amount, amount)

    @property
    def counts(self) -> bool:
        """Whether the step says anything: steps over nothing are left out of a charge."""
        return any((self.quantity, self.flat_fee, self.amount))

    def negated(self) -> Step:
        """The same step with the sign reversed: a credit."""
        return replace(self, quantity=-self.quantity, flat_fee=-self.flat_fee, amount=-self.amount)

    def to_json(self) -> dict[str, Any]:
        """Decimals as text without superfluous zeros; `is_share` and `is_note` only where they are true."""
        numbers = {name: short_text(getattr(self, name)) for name in _NUMBERS}
        return {
            "description": self.description,
            **numbers,
            **{name: True for name in _KINDS if getattr(self, name)},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Step:
        numbers = {name: Decimal(content[name]) for name in _NUMBERS}
        is_share, is_note = (content.get(name, False) for name in _KINDS)
        return cls(content["description"], **numbers, is_share=is_share, is_note=is_note)


_KINDS = ("is_share", "is_note")
_NUMBERS = ("quantity", "unit_price", "flat_fee", "amount")
