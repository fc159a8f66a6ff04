"""Payments, invoices and balances: what is paid, spent, refunded and lost adds up, and so does each customer's account.

Everything is looked at, whatever the days: a sum is right or wrong today.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from billing_platform.lib.database.sql import query
from billing_platform.lib.number_formats import format_money, money_text
from invoicing.rates import BOOKS
from reconciliation.checks.reading import rows
from reconciliation.findings import Finding, FindingKind, Tally, Window


class _Sum(NamedTuple):
    kind: FindingKind
    noun: str
    what: str
    statement: str


_SUMS = (
    _Sum(FindingKind.PAID_TOTAL, "Invoice", "paid", query(__file__, "paid_totals")),
    _Sum(FindingKind.PAYMENT_SPENT_TWICE, "Payment", "credited", query(__file__, "payments_spent_twice")),
    _Sum(FindingKind.REFUNDED_TOTAL, "Payment", "refunded", query(__file__, "refunded_totals")),
    _Sum(FindingKind.REFUNDED_BEYOND, "Payment", "given back", query(__file__, "refunded_beyond")),
    _Sum(FindingKind.LOST_TOTAL, "Payment", "lost in disputes", query(__file__, "lost_totals")),
)
_BOUNDS = (FindingKind.PAYMENT_SPENT_TWICE, FindingKind.REFUNDED_BEYOND)
"""What is compared with a bound, not with a sum."""
_BALANCES = query(__file__, "customer_balances")
_COUNT = """
    SELECT (SELECT count(*) FROM invoicing_invoice WHERE number <> '') + (SELECT count(*) FROM payments_payment)
"""


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    tally.compared += sum(count for (count,) in rows(_COUNT, {}))
    for each in _SUMS:
        for row in rows(each.statement, {"organisation": window.organisation_id}):
            yield _of(each, window, row)
    whose = None if window.organisation_id is None else [window.organisation_id]
    for row in rows(_BALANCES, {"organisations": whose, "seller": None}):
        yield _balance(window, row)


def _of(each: _Sum, window: Window, row: Any) -> Finding:
    pk, name, organisation_id, currency, written, right = row
    most = "at most " if each.kind in _BOUNDS else ""
    return Finding(
        each.kind,
        subject=str(pk),
        about=f"{each.noun} {name}",
        day=window.last,
        expected=f"{most}{format_money(right, currency)} {each.what}",
        found=f"{format_money(written, currency)} {each.what}",
        organisation_id=organisation_id,
        worth=abs(written - right) if currency == BOOKS else None,
        facts={each.noun.lower() + "_id": str(pk)},
    )


def _balance(window: Window, row: Any) -> Finding:
    organisation_id, name, currency, by_movements, by_documents = row
    return Finding(
        FindingKind.CUSTOMER_BALANCE,
        subject=f"{organisation_id} {currency}",
        about=f"Account of {name} in {currency}",
        day=window.last,
        expected=f"{format_money(by_documents, currency)} as its invoices and payments say",
        found=f"{format_money(by_movements, currency)} by its movements",
        organisation_id=organisation_id,
        worth=abs(by_documents - by_movements) if currency == BOOKS else None,
        gist=money_text(by_documents - by_movements, currency),
    )
