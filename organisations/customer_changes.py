"""What follows from changing a customer: what is refused, and what somebody has to say yes to.

The apps that know the consequences register a check in their `AppConfig.ready()`; this app asks them all, whichever
door the change comes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Consequence:
    """One sentence about one field. With a `code` the change is refused; without one it has to be confirmed."""

    field: str
    sentence: str
    code: str = ""


Check = Callable[[Organisation, Organisation], Iterable[Consequence]]
"""Called with the customer as stored and as it would be."""

_checks: list[Check] = []


def register(check: Check) -> None:
    if check not in _checks:
        _checks.append(check)


def consequences_of(before: Organisation, after: Organisation) -> list[Consequence]:
    return [each for check in (_tax_status, *_checks) for each in check(before, after)]


def _tax_status(before: Organisation, after: Organisation) -> Iterable[Consequence]:
    if before.gstin and not after.gstin:
        yield Consequence(
            "gstin",
            f"Without {before.gstin} the customer is billed as unregistered (B2C): it can't claim input tax from its "
            "next invoices on.",
        )
