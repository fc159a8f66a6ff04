"""What a return covers: a month, a quarter, or a month whose sales to businesses only are furnished (IFF)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.periods import BillingPeriod, PeriodError

_MONTHS = 3


class Frequency(StrEnum):
    """How often the GSTIN files. IFF is the first or second month of a quarterly filer (CGST Rule 59 (2))."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    IFF = "iff"


@dataclass(frozen=True, slots=True)
class ReturnPeriod:
    """The document dates `[start, end)` of one return; dates of documents are Indian ones."""

    start: date
    end: date
    frequency: Frequency = Frequency.MONTHLY

    @classmethod
    def of(cls, month: BillingPeriod, frequency: Frequency = Frequency.MONTHLY) -> ReturnPeriod:
        """The return that a month belongs to. Raises PeriodError for an IFF of a quarter's last month."""
        if frequency == Frequency.QUARTERLY:
            first = month
            while first.start.month % _MONTHS != 1:
                first = first.previous()
            return cls(first.start, first.next().next().end, frequency)
        if frequency == Frequency.IFF and month.start.month % _MONTHS == 0:
            raise PeriodError(f"{month_text(month)} is the last month of its quarter: file the quarter instead.")
        return cls(month.start, month.end, frequency)

    @property
    def last_month(self) -> BillingPeriod:
        return BillingPeriod.of(self.end).previous()

    @property
    def before(self) -> date:
        """The last day of the period before."""
        return self.start - timedelta(days=1)

    @property
    def code(self) -> str:
        """As the portal names it: "102026"; a quarter has the name of its last month."""
        return f"{self.last_month.start:%m%Y}"

    @property
    def is_iff(self) -> bool:
        return self.frequency == Frequency.IFF

    def covers(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        """In words: "October 2026", "July 2026 to September 2026"."""
        first, last = BillingPeriod.of(self.start), self.last_month
        words = month_text(last) if first == last else f"{month_text(first)} to {month_text(last)}"
        return f"{words} (IFF)" if self.is_iff else words
