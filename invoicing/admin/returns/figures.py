"""A return's summary as its pages show it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.urls import reverse

from billing_platform.lib.number_formats import format_money
from invoicing.returns.lints import Level
from invoicing.returns.sections import CHANGED
from invoicing.returns.summary import HEADS

_PAGES = {"invoice": "admin:invoicing_invoice_change", "credit_note": "admin:invoicing_creditnote_change"}


def headline(summary: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the return comes to."""
    due = summary["liability"]
    yield "Documents", f"{summary['documents']:,}"
    yield "Taxable value", _rupees(due["taxable"])
    yield "IGST", _rupees(due["igst"])
    yield "CGST", _rupees(due["cgst"])
    yield "SGST", _rupees(due["sgst"])


def figures(summary: dict[str, Any]) -> dict[str, Any]:
    """For the template gstr1_figures.html."""
    agreement = summary["reconciliation"]
    return {
        **summary,
        "sections": [
            {**row, **_amounts(row), "value": _rupees(row["value"]), "is_changed": row["section"] in CHANGED}
            for row in summary["sections"]
        ],
        "furnished": _beside(summary["furnished"]),
        "taken_off": _beside(summary["taken_off"]),
        "liability": _amounts(summary["liability"]),
        "hsn": [{**row, **_amounts(row)} for row in summary["hsn"]],
        "reconciliation": [
            (words, _amounts(agreement[name]))
            for words, name in (("Sections", "sections"), ("Table 12", "hsn"), ("Documents", "documents"))
        ],
        "agrees": agreement["agrees"],
        "blocks": _lints(summary, Level.BLOCK),
        "looks": _lints(summary, Level.WARN),
        "more_blocks": summary["blocking"] - len(_lints(summary, Level.BLOCK)),
        "more_looks": summary["warnings"] - len(_lints(summary, Level.WARN)),
    }


def _beside(row: dict[str, Any]) -> dict[str, Any] | None:
    return {**row, **_amounts(row), "value": _rupees(row["value"])} if row["documents"] else None


def _lints(summary: dict[str, Any], level: Level) -> list[dict[str, Any]]:
    return [
        {**lint, "url": reverse(_PAGES[lint["kind"]], args=[lint["document"]]) if lint["document"] else ""}
        for lint in summary["lints"]
        if lint["level"] == level.value
    ]


def _amounts(row: dict[str, str]) -> dict[str, str]:
    return {head: _rupees(row[head]) for head in HEADS}


def _rupees(text: str) -> str:
    return format_money(Decimal(text), "INR")
