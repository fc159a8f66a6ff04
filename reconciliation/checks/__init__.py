"""The checks: each compares two places that should say the same, and yields what doesn't agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciliation.checks import (
    aggregates,
    balances,
    document_files,
    document_sums,
    gateway,
    hot_log,
    invoice_lines,
    number_series,
    payouts,
)
from reconciliation.findings import Find
from reconciliation.models.check_name import CheckName


@dataclass(frozen=True, slots=True)
class Check:
    """`by_day`: it looks at one day after the other, and finds only what belongs to them. Any other looks at all there
    is, once in a run. `days_again` are days before those of the daily run that are looked at once more: what the other
    side tells of them it may tell a day or two later."""

    find: Find
    compares: str
    by_day: bool = True
    days_again: int = 0


CHECKS: Mapping[CheckName, Check] = {
    CheckName.HOT_LOG: Check(
        hot_log.find, "Each accepted event is in the ledger once, as it was sent, or it is known why not."
    ),
    CheckName.AGGREGATES: Check(
        aggregates.find, "Each hour's sums, counts, maxima and latest values are those of the ledger's entries."
    ),
    CheckName.INVOICE_LINES: Check(
        invoice_lines.find,
        "Usage of invoiced months is on lines, late usage included, or no price covers it.",
    ),
    CheckName.DOCUMENT_SUMS: Check(
        document_sums.find, "Invoices and credit notes add up from their lines and taxes, to the paisa."
    ),
    CheckName.DOCUMENT_FILES: Check(
        document_files.find,
        "Each document says what it said when it was issued, and its PDF is the one that was stored.",
    ),
    CheckName.NUMBER_SERIES: Check(
        number_series.find, "Each number that was given out is on one document.", by_day=False
    ),
    CheckName.BALANCES: Check(
        balances.find, "Paid totals are those of the payments, and each customer's account adds up.", by_day=False
    ),
    CheckName.GATEWAY: Check(
        gateway.find, "Payments, refunds and payment requests are what Razorpay says when it is asked."
    ),
    CheckName.PAYOUTS: Check(
        payouts.find,
        "Payouts and their lines are Razorpay's, add up, and pay out what payments brought and refunds took.",
        days_again=3,
    ),
}
