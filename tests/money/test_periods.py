"""Billing periods: months in the customer's time zone, without gap or overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.periods import BillingPeriod, PeriodError, financial_year, local_date, start_of_day
from tests.money.golden_tables import golden

INDIA = ZoneInfo("Asia/Kolkata")


@golden("dates", "bounds")
def test_a_month_begins_and_ends_at_local_midnight(row):
    period = BillingPeriod.parse(row["period"])
    starts, ends = period.bounds(ZoneInfo(row["time_zone"]))
    assert (starts, ends) == (datetime.fromisoformat(row["starts"]), datetime.fromisoformat(row["ends"]))
    assert starts.tzinfo is UTC
    assert period.days == int(row["days"])


@golden("dates", "moments")
def test_a_moment_belongs_to_the_month_of_its_time_zone(row):
    instant, tz = datetime.fromisoformat(row["instant"]), ZoneInfo(row["time_zone"])
    period = BillingPeriod.containing(instant, tz)
    assert str(period) == row["period"]
    assert period.contains(instant, tz)


@golden("dates", "financial_years")
def test_the_financial_year_turns_on_the_first_of_april_in_india(row):
    day = local_date(datetime.fromisoformat(row["instant"]), INDIA)
    assert day.isoformat() == row["day_in_india"]
    assert financial_year(day) == row["financial_year"]


def test_a_month_knows_its_neighbours_and_its_name():
    december = BillingPeriod.parse("2026-12")
    assert str(december) == "2026-12"
    assert str(december.next()) == "2027-01"
    assert str(BillingPeriod.parse("2027-01").previous()) == "2026-12"
    assert december.previous() < december < december.next()
    assert december == BillingPeriod(date(2026, 12, 1), date(2027, 1, 1))


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "2026", "26-10", "2026-10-01", "0000-01", "0001-01", "9999-01", "२०२६-१०"]
)
def test_a_text_that_is_no_month_is_refused(text):
    with pytest.raises(PeriodError):
        BillingPeriod.parse(text)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 10, 2), date(2026, 11, 1)),
        (date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 10, 1), date(2026, 12, 1)),
    ],
)
def test_a_period_is_one_whole_month(start, end):
    with pytest.raises(PeriodError):
        BillingPeriod(start, end)


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(PeriodError, match="no time zone"):
        local_date(datetime(2026, 10, 1), INDIA)  # noqa: DTZ001
    with pytest.raises(PeriodError, match="no time zone"):
        BillingPeriod.containing(datetime(2026, 10, 1), INDIA)  # noqa: DTZ001


def test_a_day_whose_midnight_is_skipped_begins_when_clocks_have_moved():
    # Beirut went from 2022-03-27 00:00 straight to 01:00, at 22:00 UTC.
    assert start_of_day(date(2022, 3, 27), ZoneInfo("Asia/Beirut")) == datetime(2022, 3, 26, 22, tzinfo=UTC)


@given(
    st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2035, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Asia/Kolkata", "America/New_York", "America/St_Johns", "Europe/London", "Pacific/Apia", "UTC"]),
)
def test_every_moment_is_in_exactly_one_month(instant, name):
    tz = ZoneInfo(name)
    period = BillingPeriod.containing(instant, tz)
    assert period.contains(instant, tz)
    assert not period.next().contains(instant, tz)
    assert not period.previous().contains(instant, tz)
    assert period.bounds(tz)[1] == period.next().bounds(tz)[0]
    assert not period.contains(period.bounds(tz)[1], tz)
    assert period.contains(period.bounds(tz)[1] - timedelta(microseconds=1), tz)
