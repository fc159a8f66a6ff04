"""What the law says, and from which day on: limits, days and months of GST and exchange control, each with its source.

One place for all of them, because they change: a new rule is a new row here, and older documents keep the older row.
All dates are Indian ones.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from billing_platform.lib.periods import next_financial_year_start

INDIAN_TIME = ZoneInfo("Asia/Kolkata")
GST_BEGAN = date(2017, 7, 1)
RUPEES = "INR"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Since(Generic[T]):
    """A value that holds from a day on, until the next row's day."""

    day: date
    value: T
    source: str


def in_force(rules: Sequence[Since[T]], on: date) -> T:
    """The value of a day. Before the first row's day it is the first row's. Rows stand in the order of their days."""
    return next((rule.value for rule in reversed(rules) if rule.day <= on), rules[0].value)


@dataclass(frozen=True, slots=True)
class DayOfYear:
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class RealisationMonths:
    """Within how many months of the invoice its money must come in."""

    other: int
    in_rupees: int

    def of(self, currency: str) -> int:
        return self.in_rupees if currency == RUPEES else self.other


@dataclass(frozen=True, slots=True)
class ReturnDays:
    """The day of the next month on which GSTR-1 is due, by how often it is filed."""

    monthly: int
    quarterly: int


INVOICE_WITHIN_DAYS = (Since(GST_BEGAN, 30, "CGST Rule 47: of the supply of services"),)
CREDIT_NOTES_UNTIL = (  # by the day of the supply
    Since(GST_BEGAN, DayOfYear(9, 30), "CGST section 34 (2)"),
    Since(date(2021, 4, 1), DayOfYear(11, 30), "CGST section 34 (2) as changed by Finance Act 2022"),
)
LARGE_B2C_ABOVE = (  # rupees, tax included, of an inter-State invoice to an unregistered customer
    Since(GST_BEGAN, Decimal(250_000), "CGST Rule 59 (4)"),
    Since(date(2024, 8, 1), Decimal(100_000), "CGST Rule 59 (4), Notification 12/2024"),
)
E_INVOICE_WITHIN_DAYS = (  # the document's day is the first of them
    Since(date(2025, 4, 1), 30, "GSTN advisory of 5 November 2024: turnover of ₹10 crore or more"),
)
GSTR1_DUE = (Since(GST_BEGAN, ReturnDays(monthly=11, quarterly=13), "Notification 83/2020"),)
REALISATION = (  # by the day of the invoice
    Since(GST_BEGAN, RealisationMonths(9, 9), "FEMA 23(R)/2015, regulation 9"),
    Since(date(2025, 11, 14), RealisationMonths(15, 15), "FEMA 23(R)/(7)/2025"),
    Since(date(2026, 10, 1), RealisationMonths(15, 18), "FEMA Export and Import Regulations 2026, regulation 5"),
)


def last_day_to_invoice(supplied: date) -> date:
    return supplied + timedelta(days=in_force(INVOICE_WITHIN_DAYS, supplied))


def last_day_for_credit_note(supplied: date) -> date:
    """The last day on which a note may reduce the tax of a supply: 30 November after its financial year. The annual
    return ends it earlier, which nobody tells this program."""
    until = in_force(CREDIT_NOTES_UNTIL, supplied)
    return date(next_financial_year_start(supplied).year, until.month, until.day)


def last_day_for_e_invoice(issued: date) -> date:
    """A document of 1 April can be reported until 30 April."""
    return issued + timedelta(days=in_force(E_INVOICE_WITHIN_DAYS, issued) - 1)


def last_day_to_realise(invoiced: date, currency: str) -> date:
    """The same day so many months later; the month's last day where it has no such day."""
    return add_months(invoiced, in_force(REALISATION, invoiced).of(currency))


def gstr1_due_day(period_end: date, *, quarterly: bool = False) -> date:
    """The day on which the return is due; `period_end` is the first day after its documents."""
    due = in_force(GSTR1_DUE, period_end)
    return period_end.replace(day=due.quarterly if quarterly else due.monthly)


def add_months(day: date, months: int) -> date:
    """As PostgreSQL adds an interval: 30 November and three months are 28 February."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
