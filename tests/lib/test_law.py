"""What the law says from which day on: each clock on its boundary days, worked by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from billing_platform.lib import law

D = date.fromisoformat


@pytest.mark.parametrize(
    ("invoiced", "currency", "last_day"),
    [
        ("2025-11-13", "USD", "2026-08-13"),  # the day before nine months became fifteen
        ("2025-11-14", "USD", "2027-02-14"),
        ("2026-09-30", "INR", "2027-12-30"),  # the day before rupees got eighteen
        ("2026-10-01", "INR", "2028-04-01"),
        ("2026-10-01", "USD", "2028-01-01"),
        ("2026-11-30", "USD", "2028-02-29"),  # no 30 February, in a leap year
        ("2025-11-30", "USD", "2027-02-28"),
    ],
)
def test_export_money_comes_in_within_the_months_of_its_invoice(invoiced: str, currency: str, last_day: str) -> None:
    assert law.last_day_to_realise(D(invoiced), currency) == D(last_day)


@pytest.mark.parametrize(
    ("period_end", "monthly", "quarterly"),
    [("2026-11-01", "2026-11-11", "2026-11-13"), ("2027-01-01", "2027-01-11", "2027-01-13")],
)
def test_gstr1_is_due_in_the_month_after(period_end: str, monthly: str, quarterly: str) -> None:
    assert law.gstr1_due_day(D(period_end)) == D(monthly)
    assert law.gstr1_due_day(D(period_end), quarterly=True) == D(quarterly)


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("0001-01-01", "a"),  # before the first row's day it is the first row's
        ("2020-03-31", "a"),
        ("2020-04-01", "b"),
        ("2024-12-31", "b"),
        ("2025-01-01", "c"),
        ("9999-12-31", "c"),
    ],
)
def test_a_value_holds_from_its_day_on(day: str, value: str) -> None:
    rules = [
        law.Since(D(begins), each, "")
        for begins, each in (("2019-06-01", "a"), ("2020-04-01", "b"), ("2025-01-01", "c"))
    ]
    assert law.in_force(rules, D(day)) == value


def test_the_rows_of_each_rule_stand_in_the_order_of_their_days() -> None:
    tables = [value for name, value in vars(law).items() if name.isupper() and isinstance(value, tuple)]
    dated = [[row.day for row in rows] for rows in tables if isinstance(rows[0], law.Since)]
    assert len(dated) > 5
    assert dated == [sorted(set(days)) for days in dated]


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ("2026-11-28T00:00:00+05:30", "2026-11-28T00:00:00+05:30"),
        ("2026-11-28T09:59:59.999999+05:30", "2026-11-28T09:59:59.999999+05:30"),
        ("2026-11-28T10:00:00+05:30", "2026-11-28T13:00:00+05:30"),
        ("2026-11-28T12:59:59.999999+05:30", "2026-11-28T13:00:00+05:30"),
        ("2026-11-28T13:00:00+05:30", "2026-11-28T13:00:00+05:30"),
        ("2026-11-28T16:59:59+05:30", "2026-11-28T16:59:59+05:30"),
        ("2026-11-28T17:00:00+05:30", "2026-11-28T21:30:00+05:30"),
        ("2026-11-28T21:29:59+05:30", "2026-11-28T21:30:00+05:30"),
        ("2026-11-28T21:30:00+05:30", "2026-11-28T21:30:00+05:30"),
        ("2026-11-28T23:59:59+05:30", "2026-11-28T23:59:59+05:30"),
        ("2026-11-28T04:29:59+00:00", "2026-11-28T04:29:59+00:00"),  # 09:59:59 in India
        ("2026-11-28T04:30:00+00:00", "2026-11-28T07:30:00+00:00"),
        ("2026-11-28T20:00:00+00:00", "2026-11-28T20:00:00+00:00"),  # 01:30 on the 29th
        ("2026-11-28T23:30:00-05:00", "2026-11-29T13:00:00+05:30"),  # the 28th in New York, 10:00 of the 29th in India
    ],
)
def test_upi_waits_for_the_end_of_its_busy_hours(asked: str, runs: str) -> None:
    assert law.outside_busy_hours(datetime.fromisoformat(asked)) == datetime.fromisoformat(runs)


def test_large_invoices_to_consumers() -> None:
    limit = [law.in_force(law.LARGE_B2C_ABOVE, D(day)) for day in ("2017-06-30", "2024-07-31", "2024-08-01")]
    assert limit == [250_000, 250_000, 100_000]


def test_days_that_are_counted_from_a_document() -> None:
    assert law.last_day_to_invoice(D("2026-10-31")) == D("2026-11-30")
    assert law.last_day_for_e_invoice(D("2026-04-01")) == D("2026-04-30")
    assert law.last_day_for_credit_note(D("2021-03-31")) == D("2021-09-30")  # before the Finance Act 2022
    assert law.last_day_for_credit_note(D("2021-04-01")) == D("2022-11-30")
