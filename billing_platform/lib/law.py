"""What the law says, and from which day on: limits, days and months of GST, exchange control and mandates, each with
its source.

One place for all of them, because they change: a new rule is a new row here, and older documents keep the older row.
All dates are Indian ones. What nobody has compared with a text or two sources says so (`NOT_CHECKED`), and stands in
docs/limits.md.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from billing_platform.lib.periods import next_financial_year_start

INDIAN_TIME = ZoneInfo("Asia/Kolkata")
GST_BEGAN = date(2017, 7, 1)
RUPEES = "INR"
NOT_CHECKED = "not checked"

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


INVOICE_WITHIN_DAYS = (Since(GST_BEGAN, 30, f"CGST Rule 47: of the supply of services; {NOT_CHECKED}"),)
CREDIT_NOTES_UNTIL = (  # by the day of the supply
    Since(GST_BEGAN, DayOfYear(9, 30), f"CGST section 34; {NOT_CHECKED}"),
    Since(date(2021, 4, 1), DayOfYear(11, 30), f"CGST section 34; the first day {NOT_CHECKED}"),
)
LARGE_B2C_ABOVE = (  # rupees, tax included, of an inter-State invoice to an unregistered customer
    Since(GST_BEGAN, Decimal(250_000), "GSTR-1, table 5"),
    Since(date(2024, 8, 1), Decimal(100_000), "GSTR-1, table 5"),
)
E_INVOICE_WITHIN_DAYS = (  # the document's day is the first of them
    Since(date(2025, 4, 1), 30, "GSTN advisory of 5 November 2024: turnover of ₹10 crore or more"),
)


@dataclass(frozen=True, slots=True)
class WithholdingCode:
    """Under which a customer in India withholds income tax (TDS) of what it pays, in percent of the value without GST.
    Without rates the payer works the rate out case by case. Both days are days of the withholding, and included."""

    code: str
    name: str
    rates: tuple[Decimal, ...]
    first: date
    last: date | None = None
    source: str = "Income-tax Act 2025, section 393"

    def holds(self, on: date) -> bool:
        return self.first <= on and (self.last is None or on <= self.last)


GSTR1_DUE = (Since(GST_BEGAN, ReturnDays(monthly=11, quarterly=13), NOT_CHECKED),)
REALISATION = (  # by the day of the invoice
    Since(GST_BEGAN, RealisationMonths(9, 9), NOT_CHECKED),
    Since(date(2025, 11, 14), RealisationMonths(15, 15), NOT_CHECKED),
    Since(
        date(2026, 10, 1), RealisationMonths(15, 18), "FEMA (Export and Import of Goods and Services) Regulations 2026"
    ),
)

_ACT_2025, _LAST_OF_1961 = date(2026, 4, 1), date(2026, 3, 31)


def _until_2026(
    code: str, name: str, *rates: str, first: date = GST_BEGAN, last: date = _LAST_OF_1961
) -> WithholdingCode:
    percents = tuple(Decimal(rate) for rate in rates)
    return WithholdingCode(code, name, percents, first, last, f"Income-tax Act 1961, section {code}")


def _since_2026(code: str, name: str, *rates: str) -> WithholdingCode:
    return WithholdingCode(code, name, tuple(Decimal(rate) for rate in rates), _ACT_2025)


WITHHOLDING_CODES = (
    _since_2026("1027", "Professional services", "10"),
    _since_2026("1026", "Technical services", "2"),
    _since_2026("1024", "Contractor", "2"),
    _since_2026("1023", "Contractor: individual or HUF", "1"),
    _since_2026("1006", "Commission", "2"),
    _since_2026("1028", "Director's fees", "10"),
    _since_2026("1031", "Goods", "0.1"),
    _since_2026("1035", "Sale through e-commerce", "0.1"),
    _since_2026("1057", "Non-resident"),
    _until_2026("194J", "Professional or technical services", "10", "2"),
    _until_2026("194C", "Contractor", "2", "1"),
    _until_2026("194H", "Commission", "5", last=date(2024, 9, 30)),
    _until_2026("194H", "Commission", "2", first=date(2024, 10, 1)),
    _until_2026("194Q", "Goods", "0.1", first=date(2021, 7, 1)),
    _until_2026("194O", "Sale through e-commerce", "1", first=date(2020, 10, 1), last=date(2024, 9, 30)),
    _until_2026("194O", "Sale through e-commerce", "0.1", first=date(2024, 10, 1)),
    _until_2026("195", "Non-resident"),
)
"""Most used first. The rates are those of a payee who gave a PAN. Checked are 1023, 1024, 1026, 1027 and 1006, of the
Act of 1961 194C and 194J, and the names of the others."""
WITHHELD_ON_VALUE_WITHOUT_GST = "CBDT Circular 23/2017"


def withholding_code(code: str, on: date) -> WithholdingCode | None:
    """What a code means on a day; None where there is no such code on that day."""
    return next((known for known in WITHHOLDING_CODES if known.code == code and known.holds(on)), None)


WITHHOLDING_CERTIFICATE = (  # the form of the certificate, by the day of the withholding
    Since(GST_BEGAN, "16A", "Income-tax Rules 1962, rule 31"),
    Since(_ACT_2025, "131", "Income-tax Rules 2026"),
)
CERTIFICATE_DUE = {  # month in which a quarter begins → years later, and the day
    4: (0, DayOfYear(8, 15)),
    7: (0, DayOfYear(11, 15)),
    10: (1, DayOfYear(2, 15)),
    1: (0, DayOfYear(6, 15)),
}
"""Income-tax Rules 1962, rule 31 (3): fifteen days after the payer's return of the quarter is due. Form 131 took the
place of form 16A, and is taken to be due on the same days."""
CHEQUE_VALID_MONTHS = (Since(date(2012, 4, 1), 3, "RBI, DBOD.AML BC.No.47/14.01.001/2011-12"),)

DEBIT_WITHOUT_FACTOR_UP_TO = (  # rupees of one debit of a card or UPI mandate; above, the payer authenticates it
    Since(date(2026, 4, 21), Decimal(15_000), "RBI/DPSS/2026-27/396: E-mandate Framework 2026"),
)
DEBIT_NOTICE = (  # between the notice to the payer and the debit
    Since(date(2026, 4, 21), timedelta(hours=24), "RBI/DPSS/2026-27/396: E-mandate Framework 2026"),
)
UPI_DEBITS = (  # of one invoice: one, and three more after failures
    Since(date(2025, 8, 1), 4, "NPCI, August 2025: UPI Autopay"),
)
UPI_BUSY_HOURS = (  # Indian time: no debit of a UPI mandate is executed from the first to the second of each pair
    Since(
        date(2025, 8, 1),
        ((time(10), time(13)), (time(17), time(21, 30))),
        "NPCI, August 2025: UPI Autopay",
    ),
)


def outside_busy_hours(moment: datetime) -> datetime:
    """The moment itself (aware), or the end of the busy hours of UPI that it falls into."""
    local = moment.astimezone(INDIAN_TIME)
    for begins, ends in in_force(UPI_BUSY_HOURS, local.date()):
        if begins <= local.time() < ends:
            return datetime.combine(local.date(), ends, INDIAN_TIME)
    return moment


def certificate_due_day(quarter_start: date) -> date:
    """By when the customer owes the certificate of tax withheld in a quarter: 15 February for October to December."""
    years, due = CERTIFICATE_DUE[quarter_start.month]
    return date(quarter_start.year + years, due.month, due.day)


def last_day_of_cheque(dated: date) -> date:
    """The last day on which a bank takes a cheque."""
    return add_months(dated, in_force(CHEQUE_VALID_MONTHS, dated))


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
