"""Close a billing month: from then on its late usage belongs to a later one."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.models import UsagePeriod
from events.selectors.backlog import unsettled_batches
from organisations.models import Organisation


def close_period(*, organisation: Organisation, period: BillingPeriod, closed_by: str = "billing run") -> UsagePeriod:
    """Close a month that is over and fully settled. A closed one is returned as it is.

    Raises DomainError PERIOD_NOT_OVER or USAGE_UNSETTLED. Settling holds the row FOR SHARE until it commits: what
    it counted before is in this month, what it counts afterwards is late.
    """
    _first, after = period.bounds(organisation.zone)
    with transaction.atomic():
        usage_period = lock_period(organisation, period.start)
        if usage_period.is_closed:
            return usage_period
        if clock.now() < after:
            raise DomainError(f"{month_text(period)} is not over yet.", code="PERIOD_NOT_OVER")
        unsettled = unsettled_batches(organisation=organisation, received_before=after)
        if unsettled:
            raise DomainError(
                f"{unsettled} accepted requests of {month_text(period)} are not settled yet.",
                code="USAGE_UNSETTLED",
                details={"unsettled_batches": unsettled},
            )
        usage_period.closed_at = clock.now()
        usage_period.closed_by = closed_by
        usage_period.save(update_fields=["closed_at", "closed_by", "updated_at"])
    return usage_period


def lock_period(organisation: Organisation, month: date) -> UsagePeriod:
    """The month's row, made if need be, locked against settling until the transaction ends."""
    UsagePeriod.objects.bulk_create([UsagePeriod(organisation=organisation, month=month)], ignore_conflicts=True)
    locked: UsagePeriod = UsagePeriod.objects.select_for_update().get(organisation=organisation, month=month)
    return locked
