"""Sums of invoices and credit notes: worked out again from the stored lines and taxes of the documents of some days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from billing_platform.lib.database.sql import query
from billing_platform.lib.money import CURRENCIES, exponent
from billing_platform.lib.number_formats import format_percent
from invoicing.rates import BOOKS
from reconciliation.checks.reading import days, differing, largest, rows
from reconciliation.findings import Finding, FindingKind, Tally, Window

_LOOKED_AT = query(__file__, "looked_at")
_LINE_TAXES = query(__file__, "line_taxes")
_SUMS = (
    (
        FindingKind.INVOICE_SUMS,
        "Invoice",
        ("subtotal", "discounts", "tax", "total"),
        query(__file__, "invoice_sums"),
    ),
    (FindingKind.CREDIT_NOTE_SUMS, "Credit note", ("subtotal", "tax", "total"), query(__file__, "credit_note_sums")),
    (FindingKind.CREDITED_TOTAL, "Invoice", ("credited",), query(__file__, "credited_totals")),
)
_PLACES = json.dumps({currency: exponent(currency) for currency in sorted(CURRENCIES)})


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """Documents by their issue dates."""
    parameters = days(window)
    tally.compared += sum(count for (count,) in rows(_LOOKED_AT, parameters))
    for kind, noun, names, statement in _SUMS:
        for row in rows(statement, parameters):
            yield _of(kind, noun, names, row)
    for row in rows(_LINE_TAXES, parameters | {"places": _PLACES}):
        yield _tax(row)


def _of(kind: FindingKind, noun: str, names: tuple[str, ...], row: Any) -> Finding:
    pk, number, organisation_id, issued, currency, written, right = row
    return Finding(
        kind,
        subject=str(pk),
        about=f"{noun} {number}",
        day=issued,
        expected=differing(names, right, written, currency),
        found=differing(names, written, right, currency),
        organisation_id=organisation_id,
        worth=largest(written, right) if currency == BOOKS else None,
        facts={"document_id": str(pk)},
    )


def _tax(row: Any) -> Finding:
    pk, number, organisation_id, issued, currency, position, name, rate, written, right = row
    names = ("taxable value", "tax")
    return Finding(
        FindingKind.LINE_TAX,
        subject=f"{pk} {position} {name}",
        about=f"Invoice {number}, line {position}: {name} of {format_percent(rate)}",
        day=issued,
        expected=differing(names, right, written, currency),
        found=differing(names, written, right, currency),
        organisation_id=organisation_id,
        worth=largest(written, right) if currency == BOOKS else None,
        facts={"document_id": str(pk)},
    )
