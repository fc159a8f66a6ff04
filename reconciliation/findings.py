"""What a check is asked and what it says: the days to look at, and each thing that doesn't agree. No database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import models

KIND_LENGTH = 30
SUBJECT_LENGTH = 400
ABOUT_LENGTH = 300


class FindingKind(models.TextChoices):
    """What may be wrong, by the check that finds it."""

    # hot log
    EVENT_MISSING = "event_missing", "Event missing in the ledger"
    EVENT_DIFFERS = "event_differs", "Event counted otherwise"
    EVENT_UNEXPECTED = "event_unexpected", "Counted, but not accepted"
    BATCH_COUNTS = "batch_counts", "Counts of a batch"
    BATCH_DAMAGED = "batch_damaged", "Damaged batch"
    BATCH_NOT_SETTLED = "batch_not_settled", "Batches not settled"
    DAY_COUNTS = "day_counts", "Counts of a day"
    # aggregates
    AGGREGATES_DIFFER = "aggregates_differ", "Aggregates of a metric"
    # invoice lines
    USAGE_NOT_CHARGED = "usage_not_charged", "Usage that is on no line"
    CHARGED_BEYOND_USAGE = "charged_beyond_usage", "More charged than used"
    LINE_WITHOUT_USAGE = "line_without_usage", "Line without usage"
    # document sums
    INVOICE_SUMS = "invoice_sums", "Sums of an invoice"
    LINE_TAX = "line_tax", "Tax on a line"
    CREDIT_NOTE_SUMS = "credit_note_sums", "Sums of a credit note"
    CREDITED_TOTAL = "credited_total", "What credit notes took back"
    # document files
    DOCUMENT_DIFFERS = "document_differs", "Document and invoice"
    LINE_DIFFERS = "line_differs", "Line and document"
    DOCUMENT_MISSING = "document_missing", "Document missing"
    PDF_CHANGED = "pdf_changed", "Stored PDF changed"
    PDF_LOST = "pdf_lost", "Stored PDF lost"
    # number series
    NUMBER_MISSING = "number_missing", "Number missing"
    NUMBER_BEYOND = "number_beyond", "Number beyond its counter"
    NUMBER_REPEATED = "number_repeated", "Number given twice"
    # balances
    PAID_TOTAL = "paid_total", "What is paid of an invoice"
    PAYMENT_SPENT_TWICE = "payment_spent_twice", "Payment credited for more than it is"
    REFUNDED_TOTAL = "refunded_total", "What was refunded of a payment"
    REFUNDED_BEYOND = "refunded_beyond", "More went back than came in"
    LOST_TOTAL = "lost_total", "What disputes took of a payment"
    CUSTOMER_BALANCE = "customer_balance", "Balance of a customer"
    # gateway
    PAYMENT_MISSING_HERE = "payment_missing_here", "Payment not recorded"
    PAYMENT_MISSING_THERE = "payment_missing_there", "Payment unknown to Razorpay"
    PAYMENT_AMOUNT = "payment_amount", "Amount of a payment"
    PAYMENT_BEHIND = "payment_behind", "Status of a payment missed"
    PAYMENT_AHEAD = "payment_ahead", "Payment further here than at Razorpay"
    PAYMENT_FEE = "payment_fee", "Razorpay's fee for a payment"
    PAYMENT_REFUNDED = "payment_refunded", "What Razorpay gave back of a payment"
    REFUND_MISSING_HERE = "refund_missing_here", "Refund not recorded"
    REFUND_MISSING_THERE = "refund_missing_there", "Refund unknown to Razorpay"
    REFUND_AMOUNT = "refund_amount", "Amount of a refund"
    REFUND_BEHIND = "refund_behind", "Status of a refund missed"
    REFUND_AHEAD = "refund_ahead", "Refund further here than at Razorpay"
    REQUEST_MISSING_THERE = "request_missing_there", "Payment request unknown to Razorpay"
    REQUEST_AMOUNT = "request_amount", "Amount of a payment request"
    # payouts
    PAYOUT_MISSING_HERE = "payout_missing_here", "Payout not recorded"
    PAYOUT_MISSING_THERE = "payout_missing_there", "Payout unknown to Razorpay"
    PAYOUT_DIFFERS = "payout_differs", "Payout differs from Razorpay's"
    PAYOUT_BEHIND = "payout_behind", "Status or UTR of a payout missed"
    PAYOUT_SUM = "payout_sum", "Sum of a payout's lines"
    PAYOUT_LINE_MISSING = "payout_line_missing", "Payout line not recorded"
    PAYOUT_LINE_UNKNOWN = "payout_line_unknown", "Payout line unknown to Razorpay"
    PAYOUT_LINE_DIFFERS = "payout_line_differs", "Payout line differs from Razorpay's"
    PAYOUT_LINE_NET = "payout_line_net", "Net of a payout line"
    PAYOUT_LINE_AMOUNT = "payout_line_amount", "Payout line and what it pays out"
    PAYOUT_LINE_APART = "payout_line_apart", "Payout line not joined"


@dataclass(frozen=True, slots=True)
class Window:
    """Days in UTC, both included; of all customers, or of one.

    `read_alone` are the first and the last day of the run that this window is a piece of: each day between them is
    looked at as a piece of its own.
    """

    first: date
    last: date
    organisation_id: UUID | None = None
    read_alone: tuple[date, date] | None = None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]

    def leaves_to_others(self, day: date) -> bool:
        """Whether another piece of the run looks at the day."""
        if self.read_alone is None or self.first <= day <= self.last:
            return False
        return self.read_alone[0] <= day <= self.read_alone[1]

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant after the window."""
        return datetime.combine(self.last + timedelta(days=1), time(), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AtStake:
    """Usage that is not counted as it ought to be."""

    metric_name: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that doesn't agree. `kind` and `subject` are its name: a later run knows it again by them.

    `day` is a day of the window that was looked at. `worth` is an estimate in rupees. `facts` are what a repair needs.
    `at_stake` is the usage of the customer that it is about: where it is known, `worth` follows from a likely price.
    `gist` is what makes it another finding than the one that somebody wrote off, where `expected` and `found` tell of
    more than that: balances grow by each invoice. Empty: those two.
    """

    kind: FindingKind
    subject: str
    about: str
    day: date
    expected: str
    found: str
    organisation_id: UUID | None = None
    worth: Decimal | None = None
    at_stake: AtStake | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    gist: str = ""


@dataclass(slots=True)
class Tally:
    """How many things a check has looked at so far, and whether it could not look at all of them or found more than it
    names: then nothing is closed as gone."""

    compared: int = 0
    is_cut_short: bool = False


Find = Callable[[Window, Tally], Iterator[Finding]]
"""A check: yields what doesn't agree in a window, and counts what it looks at. It only reads, and holds no more than a
part of it in memory."""
