"""What a month's invoice will probably be: its usage so far goes on at the same pace, and is priced like any usage.

Quantities are projected, not amounts: tiers, free units, minimum and maximum of a price work as on the invoice, and a
price that begins later in the month applies to its days. Values and counts that add up go on at their average pace. A
peak, a latest value, a number of different values and a running level are taken as they are. So are typed lines, and
late usage of earlier months. Fees are those of the whole month anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.money import with_places
from billing_platform.lib.periods import BillingPeriod, local_date, start_of_day
from events.usage.metered import MeteredUsage
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.pricing.month_facts import MonthFacts

ADDING_UP = frozenset({"sum", "count"})
"""Aggregations whose quantity grows with every event."""

_A_DAY = timedelta(days=1)


def projected(facts: InvoiceFacts, *, now: datetime, zone: ZoneInfo) -> InvoiceFacts | None:
    """The facts as they would be at the end of the month; None before one whole day of the month is over, and after
    the month. `zone` is the customer's."""
    month = projected_month(facts.month, now=now, zone=zone) if facts.month else None
    return replace(facts, month=month) if month else None


def projected_month(month: MonthFacts, *, now: datetime, zone: ZoneInfo) -> MonthFacts | None:
    """The same of the month's usage alone."""
    start, end = month.period.bounds(zone)
    if not start + _A_DAY <= now < end:
        return None
    rest = tuple(_rest_of_month(month.period, now, zone))
    months = tuple(
        replace(used, usage=(*used.usage, *_going_on(used.usage, now - start, rest)))
        if used.month == month.period
        else used
        for used in month.months
    )
    return replace(month, months=months)


def _rest_of_month(period: BillingPeriod, now: datetime, zone: ZoneInfo) -> Iterator[tuple[date, timedelta]]:
    """Each day from today on, with the time of the day that is still to come."""
    day = local_date(now, zone)
    while day < period.end:
        yield day, start_of_day(day + _A_DAY, zone) - max(now, start_of_day(day, zone))
        day += _A_DAY


def _going_on(
    usage: Sequence[MeteredUsage], elapsed: timedelta, rest: Sequence[tuple[date, timedelta]]
) -> Iterator[MeteredUsage]:
    """One row for each meter and day to come, at the meter's average pace."""
    by_meter: defaultdict[tuple[object, ...], list[MeteredUsage]] = defaultdict(list)
    for row in usage:
        if row.aggregation in ADDING_UP:
            by_meter[row.meter].append(row)
    for rows in by_meter.values():
        quantity = sum((row.quantity for row in rows), Decimal(0))
        events = sum(row.event_count for row in rows)
        for day, time in rest:
            pace = Decimal(time // timedelta(microseconds=1)) / Decimal(elapsed // timedelta(microseconds=1))
            yield replace(
                rows[0],
                day=day,
                quantity=with_places(quantity * pace, QUANTITY_PLACES),
                event_count=int((events * pace).to_integral_value(ROUND_HALF_UP)),
            )
