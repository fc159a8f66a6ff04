"""How events become the quantities that are priced, as docs/money.md says."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing_platform.lib.periods import BillingPeriod
from events.usage.level_integral import Change, integrate, microseconds
from tests.money.golden_tables import Row, golden

KOLKATA = ZoneInfo("Asia/Kolkata")
UNITS = 10**8


@golden("quantities", "levels")
def test_a_level_is_counted_in_unit_hours(row: Row) -> None:
    month = BillingPeriod.parse(row["month"])
    changes: dict[date, Change] = {}
    if row["changes"]:
        change, moment = row["changes"].split(" at ")
        instant, units = datetime.fromisoformat(moment).replace(tzinfo=KOLKATA), int(change) * UNITS
        changes[instant.date()] = Change(units, units * microseconds(instant), 1)
    start, end = month.bounds(KOLKATA)
    assert (microseconds(end) - microseconds(start)) // 3_600_000_000 == int(row["hours_of_the_month"])
    days = integrate(int(row["carried_over"]) * UNITS, changes, month=month, zone=KOLKATA, until=end)
    assert sum((day.quantity for day in days), Decimal(0)) == Decimal(row["unit-hours"])
