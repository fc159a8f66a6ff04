"""What the law says from which day on: each clock on its boundary days, worked by hand."""

from __future__ import annotations

from datetime import date

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


def test_a_value_holds_from_its_day_on() -> None:
    limit = [law.in_force(law.LARGE_B2C_ABOVE, D(day)) for day in ("2017-06-30", "2024-07-31", "2024-08-01")]
    assert limit == [250_000, 250_000, 100_000]


def test_days_that_are_counted_from_a_document() -> None:
    assert law.last_day_to_invoice(D("2026-10-31")) == D("2026-11-30")
    assert law.last_day_for_e_invoice(D("2026-04-01")) == D("2026-04-30")
    assert law.last_day_for_credit_note(D("2021-03-31")) == D("2021-09-30")  # before the Finance Act 2022
    assert law.last_day_for_credit_note(D("2021-04-01")) == D("2022-11-30")
