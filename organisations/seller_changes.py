"""What other apps know against a change of a seller. They register a check in their `AppConfig.ready()`;
`organisations.services.sellers` runs all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.core.exceptions import ValidationError

from billing_platform.lib.registry import Registry
from organisations.models import BillingEntity

Check = Callable[[BillingEntity], Iterable[tuple[str, str]]]
"""A function of the seller as it would be; it returns fields and sentences about them."""

checks: Registry[Check] = Registry()


def refuse_what_is_known_against(seller: BillingEntity) -> None:
    """Raises ValidationError with the sentences at their fields."""
    found: dict[str, list[str]] = {}
    for check in checks:
        for field, sentence in check(seller):
            found.setdefault(field, []).append(sentence)
    if found:
        raise ValidationError(found)
