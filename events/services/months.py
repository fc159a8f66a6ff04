"""Decide which month usage is counted in: its own while that month is open, otherwise the next open one.

This is the only file that decides it. `close_period` closes a month; `lock_months` answers for settling and for
corrections. Settling locks the rows it asks about FOR SHARE, closing locks its row FOR UPDATE: an event is counted
either before its month closes or, as late usage, in a later month.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.errors import UsageUnsettled
from events.models import UsagePeriod
from events.selectors.backlog import unsettled_batches
from organisations.models import Organisation

_LOCK_MONTHS = query(__file__, "lock_months")
_ADD_MONTHS = query(__file__, "add_months")


def close_period(*, organisation: Organisation, period: BillingPeriod, closed_by: str = "billing run") -> UsagePeriod:
    """Close a month that is over and fully settled. A closed one is returned as it is.

    Raises DomainError PERIOD_NOT_OVER, or UsageUnsettled. Settling holds the row FOR SHARE until it commits: what
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
            raise UsageUnsettled(
                f"{unsettled} accepted requests of {month_text(period)} are not settled yet.",
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


def lock_months(months: Iterable[tuple[UUID, date]]) -> dict[tuple[UUID, date], date]:
    """The billing month that usage of each (organisation, month) is counted in: its own, or the next open one.

    Every row that decides it stays locked FOR SHARE until commit, so that no month closes in between.
    """
    answer: dict[tuple[UUID, date], date] = {}
    waiting = {(organisation_id, month): month for organisation_id, month in months}
    while waiting:
        closed = _lock_rows({(organisation_id, month) for (organisation_id, _own), month in waiting.items()})
        for (organisation_id, own), month in list(waiting.items()):
            if closed[organisation_id, month]:
                waiting[organisation_id, own] = BillingPeriod.of(month).next().start
            else:
                answer[organisation_id, own] = month
                del waiting[organisation_id, own]
    return answer


def _lock_rows(months: set[tuple[UUID, date]]) -> dict[tuple[UUID, date], bool]:
    """Whether each month is closed. Months that have no row get one first: what isn't there can't be locked."""
    organisation_ids, firsts = zip(*sorted(months), strict=True)
    parameters: dict[str, Any] = {"organisation_ids": list(organisation_ids), "months": list(firsts)}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_MONTHS, parameters)
        rows = cursor.fetchall()
        if len(rows) < len(months):
            cursor.execute(_ADD_MONTHS, parameters)
            cursor.execute(_LOCK_MONTHS, parameters)
            rows = cursor.fetchall()
    return {(organisation_id, month): is_closed for organisation_id, month, is_closed in rows}
