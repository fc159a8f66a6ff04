"""When the tax invoice of a month must be issued: within 30 days of the supply of services (CGST Rule 47)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.law import last_day_to_invoice
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line

NEAR = timedelta(days=7)
"""How long before the last day the draft warns."""


def last_day_to_issue(after_the_month: date) -> date:
    """The month's usage is supplied by its last day: October's invoice is due by 30 November."""
    return last_day_to_invoice(after_the_month - timedelta(days=1))


def time_of_issue_warnings(facts: InvoiceFacts, lines: Sequence[Line]) -> list[DraftWarning]:
    """A warning from a week before the last day on, if anything is billed. It does not block: a late invoice is better
    than none."""
    if facts.month is None or not facts.seller.charges_gst or not lines:
        return []
    last = last_day_to_issue(facts.month.period.end)
    if facts.day < last - NEAR:
        return []
    must = "must be issued by" if facts.day <= last else "should have been issued by"
    sentence = f"The invoice {must} {day_text(last)}, 30 days after the month (CGST Rule 47)."
    return [DraftWarning(WarningCode.ISSUE_SOON, sentence)]
