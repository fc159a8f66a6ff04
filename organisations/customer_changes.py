"""Consequences of a change to a customer: changes that are refused, and changes that have to be confirmed.

The apps that know a consequence register a check in their `AppConfig.ready()`. `organisations.services.onboarding` runs
all checks, for changes by the admin and by the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from billing_platform.lib.registry import Registry
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Consequence:
    """One sentence about one field. With a `code`, the change is refused; without a code, it has to be confirmed."""

    field: str
    sentence: str
    code: str = ""


Check = Callable[[Organisation, Organisation], Iterable[Consequence]]
"""A function of the customer before and after the change; it returns the consequences."""

checks: Registry[Check] = Registry()

Notice = Callable[[Organisation, Organisation], Iterable[str]]
"""The same; it returns sentences to know before the change, which nobody has to confirm."""

notices: Registry[Notice] = Registry()


def consequences_of(before: Organisation, after: Organisation) -> list[Consequence]:
    return [each for check in (_tax_status, *checks) for each in check(before, after)]


def notices_of(before: Organisation, after: Organisation) -> list[str]:
    return [sentence for notice in notices for sentence in notice(before, after)]


def _tax_status(before: Organisation, after: Organisation) -> Iterable[Consequence]:
    if before.gstin and not after.gstin:
        yield Consequence(
            "gstin",
            f"Without {before.gstin} the customer is billed as unregistered (B2C): it can't claim input tax from its "
            "next invoices on.",
        )
