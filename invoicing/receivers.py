"""Refuses changes of a customer that would contradict its invoices."""

from __future__ import annotations

from typing import Any

from billing_platform.lib.errors import InvalidInput
from events.selectors.months import has_usage
from organisations.models import Organisation


def keep_time_zone(instance: Organisation, raw: bool = False, **_signal: Any) -> None:
    """Refuse another time zone once usage was counted. Raises InvalidInput.

    Days and months of usage are those of the customer's time zone. In another zone, hours of an invoiced month would
    belong to a month that is not invoiced, and would be billed twice or never.
    """
    if raw or instance._state.adding:
        return
    was = Organisation.objects.filter(pk=instance.pk).values_list("time_zone", flat=True).first()
    if was not in (None, instance.time_zone) and has_usage(organisation=instance):
        raise InvalidInput.field(
            "time_zone",
            f"The time zone stays {was}: usage is counted by its days. To bill in another zone, create a new customer.",
        )
