"""Days, times and months as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from billing_platform.lib.dates_in_words import day_text, days_text, last_day_text, month_text, time_text
from billing_platform.lib.periods import BillingPeriod

LATE_ON_25_NOVEMBER = datetime(2026, 11, 25, 21, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Kolkata", "26 Nov 2026, 02:53 IST"),
        ("UTC", "25 Nov 2026, 21:23 UTC"),
        ("America/New_York", "25 Nov 2026, 16:23 EST"),
        ("Asia/Dubai", "26 Nov 2026, 01:23 UTC+4"),
        ("Asia/Kathmandu", "26 Nov 2026, 03:08 UTC+5:45"),
        ("America/Sao_Paulo", "25 Nov 2026, 18:23 UTC-3"),
        ("America/St_Johns", "25 Nov 2026, 17:53 NST"),
        ("Pacific/Marquesas", "25 Nov 2026, 11:53 UTC-9:30"),
    ],
)
def test_a_time_names_its_zone(zone: str, shown: str) -> None:
    assert time_text(LATE_ON_25_NOVEMBER, ZoneInfo(zone)) == shown


def test_a_day_is_written_without_a_leading_zero() -> None:
    assert (day_text(date(2026, 11, 1)), day_text(date(2026, 11, 26))) == ("1 Nov 2026", "26 Nov 2026")


def test_the_end_of_a_half_open_span_is_written_as_its_last_day() -> None:
    assert last_day_text(date(2026, 11, 1)) == "31 Oct 2026"


def test_days_of_one_month_name_month_and_year_once() -> None:
    assert days_text(date(2026, 11, 1), date(2026, 11, 30)) == "1 to 30 Nov 2026"
    assert days_text(date(2026, 10, 28), date(2026, 11, 26)) == "28 Oct to 26 Nov 2026"
    assert days_text(date(2026, 12, 28), date(2027, 1, 3)) == "28 Dec 2026 to 3 Jan 2027"
    assert days_text(date(2026, 11, 26), date(2026, 11, 26)) == "26 Nov 2026"


def test_a_month_is_written_for_a_period_or_a_day_of_it() -> None:
    assert month_text(BillingPeriod.parse("2026-11")) == month_text(date(2026, 11, 26)) == "November 2026"
