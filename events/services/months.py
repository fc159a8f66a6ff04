"""Decide which month usage is counted in: its own while that month is open, otherwise the next open one.

This is the only file that decides it. `close_period` closes a month; `lock_months` answers for settling and for
corrections. Settling locks the rows it asks about FOR SHARE, closing locks its row FOR UPDATE: an event is counted
either before its month closes or, as late usage, in a later month.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from events.errors import UsageUnsettled
from events.models import UsagePeriod
from events.selectors.backlog import unsettled_by_organisation
from organisations import audit
from organisations.models import Organisation

_LOCK_MONTHS = query(__file__, "lock_months")
_ADD_MONTHS = query(__file__, "add_months")
FURTHEST_AHEAD = timedelta(hours=14)  # of UTC: the time zones in which a day begins first


def close_period(*, organisation: Organisation, period: BillingPeriod, closed_by: str = "billing run") -> UsagePeriod:
    """Close a month that is over and fully settled. A closed one is returned as it is.

    Raises DomainError PERIOD_NOT_OVER, or UsageUnsettled. Settling holds the row FOR SHARE until it commits: what
    it counted before is in this month, what it counts afterwards is late.
    """
    with transaction.atomic():
        usage_period = lock_period(organisation, period.start)
        if refusal := refused_closings([organisation], {organisation.pk: usage_period}).get(organisation.pk):
            raise refusal
        close_locked([usage_period], closed_by=closed_by)
    return usage_period


def lock_period(organisation: Organisation, month: date) -> UsagePeriod:
    """The month's row, made if need be, locked against settling until the transaction ends."""
    return lock_periods([organisation], month)[organisation.pk]


def lock_periods(organisations: Collection[Organisation], month: date, *, wait: bool = True) -> dict[UUID, UsagePeriod]:
    """The same for many organisations, by their ids. Unless it is to `wait`, months that somebody else has locked at
    this moment are left out: whoever waits with many rows in hand may wait for who waits for him."""
    if not organisations:
        return {}
    rows = UsagePeriod.objects.filter(organisation__in=organisations, month=month).order_by("organisation_id")
    locked = rows.select_for_update(skip_locked=not wait)
    found = {row.organisation_id: row for row in locked}
    missing = [each for each in organisations if each.pk not in found]
    if missing:
        made = [UsagePeriod(organisation=each, month=month) for each in sorted(missing, key=lambda each: each.pk)]
        UsagePeriod.objects.bulk_create(made, ignore_conflicts=True)
        found |= {row.organisation_id: row for row in locked.filter(organisation__in=missing)}
    return found


def refused_closings(
    organisations: Iterable[Organisation], periods: Mapping[UUID, UsagePeriod]
) -> dict[UUID, DomainError]:
    """Why months can't be closed now, by organisation: PERIOD_NOT_OVER, or UsageUnsettled. For closed ones: nothing."""
    refused: dict[UUID, DomainError] = {}
    ends: dict[UUID, datetime] = {}
    now = clock.now()
    for each in organisations:
        usage_period = periods[each.pk]
        _first, after = usage_period.period.bounds(each.zone)
        if usage_period.is_closed:
            continue
        if now < after:
            refused[each.pk] = DomainError(f"{usage_period} is not over yet.", code="PERIOD_NOT_OVER")
        else:
            ends[each.pk] = after
    for pk, count in unsettled_by_organisation(until=ends).items():
        refused[pk] = UsageUnsettled(
            f"{count} accepted requests of {periods[pk]} are not settled yet.", details={"unsettled_batches": count}
        )
    return refused


def close_locked(periods: Iterable[UsagePeriod], *, closed_by: str = "billing run") -> None:
    """Close months whose rows the caller has locked, and that nothing keeps open. Closed ones stay as they are."""
    still_open = [each for each in periods if not each.is_closed]
    before = [copy(each) for each in still_open]
    now = clock.now()
    for each in still_open:
        each.closed_at, each.closed_by, each.updated_at = now, closed_by, now
    UsagePeriod.objects.filter(pk__in=[each.pk for each in still_open]).update(
        closed_at=now, closed_by=closed_by, updated_at=now
    )
    audit.note_changed(zip(before, still_open, strict=True), ("closed_at", "closed_by"))


Place = tuple[UUID, date]
"""An organisation and the first day of a month."""


@dataclass(frozen=True, slots=True)
class CountedIn:
    """The billing month of usage of each (organisation, month)."""

    usage: dict[Place, date]
    levels: dict[Place, date]


def lock_months(*, usage: Iterable[Place] = (), levels: Iterable[Place] = ()) -> CountedIn:
    """The billing month that usage of each (organisation, month) is counted in: its own, or the next open one.

    A change of a level is usage of every month that follows as well. So it is counted after the last of them that is
    closed, also where its own month is still open: otherwise a month that is invoiced already would never charge it.
    Every row that decides it stays locked FOR SHARE until commit, so that no month closes in between.
    """
    usage, levels = set(usage), set(levels)
    reached = {(organisation_id, own): _closable_months(own) for organisation_id, own in levels}
    closed = _lock_rows(usage | levels | {(place[0], month) for place, months in reached.items() for month in months})
    after_last_closed = {
        (organisation_id, own): max(
            (BillingPeriod.of(month).end for month in months if closed[organisation_id, month]), default=own
        )
        for (organisation_id, own), months in reached.items()
    }
    return CountedIn(
        usage=_first_open({place: place[1] for place in usage}, closed),
        levels=_first_open(after_last_closed, closed),
    )


def _closable_months(own: date) -> list[date]:
    """A month and those after it that are over by now in some time zone."""
    months, today = [own], (clock.now() + FURTHEST_AHEAD).date()
    while (period := BillingPeriod.of(months[-1]).next()).end <= today:
        months.append(period.start)
    return months


def _first_open(wanted: dict[Place, date], closed: dict[Place, bool]) -> dict[Place, date]:
    """The first open month from each one that is wanted; rows that are not in `closed` yet are locked on the way."""
    answer: dict[Place, date] = {}
    waiting = dict(wanted)
    while waiting:
        unknown = {(organisation_id, month) for (organisation_id, _own), month in waiting.items()} - closed.keys()
        closed |= _lock_rows(unknown)
        for (organisation_id, own), month in list(waiting.items()):
            if closed[organisation_id, month]:
                waiting[organisation_id, own] = BillingPeriod.of(month).next().start
            else:
                answer[organisation_id, own] = month
                del waiting[organisation_id, own]
    return answer


def _lock_rows(months: set[tuple[UUID, date]]) -> dict[tuple[UUID, date], bool]:
    """Whether each month is closed. Months that have no row get one first: what isn't there can't be locked."""
    if not months:
        return {}
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
