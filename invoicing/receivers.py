"""What must not change beneath the invoices of a customer."""

from __future__ import annotations

from typing import Any

from billing_platform.lib.errors import InvalidInput
from events.selectors.months import has_usage
from organisations.models import Organisation


def keep_time_zone(instance: Organisation, raw: bool = False, **_signal: Any) -> None:
    """Days and months of usage are counted in the customer's time zone. Moving it would move hours from a month that
    is invoiced into one that is not: they would be billed twice, or taken off again. Raises InvalidInput."""
    if raw or instance._state.adding:
        return
    was = Organisation.objects.filter(pk=instance.pk).values_list("time_zone", flat=True).first()
    if was not in (None, instance.time_zone) and has_usage(organisation=instance):
        raise InvalidInput.field(
            "time_zone",
            f"The time zone stays {was}: usage has been counted by its days. Bill under a new customer from now on.",
        )
