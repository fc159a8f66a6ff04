"""The rows of lines and taxes of drafts: written and read back for many invoices in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import insert_rows
from invoicing.computing.invoice import Computed
from invoicing.gst_heads import TaxAmount
from invoicing.lines import Line
from invoicing.models import InvoiceLine, InvoiceTax
from invoicing.services.facts.invoice_facts import LINE_COLUMNS

_COLUMNS = (*LINE_COLUMNS, "dimensions", "explanation", "discounts")
_TAX = tuple(each.name for each in fields(TaxAmount))
_ROW = ("id", "created_at", "updated_at", "invoice_id")

Row = tuple[Any, ...]
LineRow = tuple[Row, tuple[Row, ...]]
"""The columns of a line, without key, invoice and position; and those of its taxes, by name of the head."""


def rows_of(computed: Computed) -> list[LineRow]:
    """The lines of an invoice as they are stored, in order."""
    return [
        (tuple(line_columns(line).values()), tuple(sorted(tuple(getattr(tax, name) for name in _TAX) for tax in taxes)))
        for line, taxes in zip(computed.lines, computed.totals.line_taxes, strict=True)
    ]


def read_rows(invoice_ids: Collection[UUID]) -> dict[UUID, list[LineRow]]:
    """The same as the database has it; invoices without lines are left out."""
    taxes: defaultdict[UUID, list[Row]] = defaultdict(list)
    stored = InvoiceTax.objects.filter(invoice__in=invoice_ids).order_by("line_id", *_TAX)
    for line_id, *tax in stored.values_list("line_id", *_TAX):
        taxes[line_id].append(tuple(tax))
    found: defaultdict[UUID, list[LineRow]] = defaultdict(list)
    lines = InvoiceLine.objects.filter(invoice__in=invoice_ids).order_by("invoice_id", "position")
    for invoice_id, line_id, *columns in lines.values_list("invoice_id", "id", *_COLUMNS):
        found[invoice_id].append((tuple(columns), tuple(taxes[line_id])))
    return dict(found)


def insert_lines(rows: Mapping[UUID, Sequence[LineRow]]) -> None:
    """Insert lines and taxes of invoices that have none."""
    now = clock.now()
    numbered = [
        (uuid4(), invoice_id, position, line, taxes)
        for invoice_id, lines in rows.items()
        for position, (line, taxes) in enumerate(lines, 1)
    ]
    insert_rows(
        InvoiceLine,
        (*_ROW, "position", *_COLUMNS),
        ((key, now, now, invoice_id, position, *line) for key, invoice_id, position, line, _taxes in numbered),
    )
    insert_rows(
        InvoiceTax,
        (*_ROW, "line_id", *_TAX),
        (
            (uuid4(), now, now, invoice_id, key, *tax)
            for key, invoice_id, _position, _line, taxes in numbered
            for tax in taxes
        ),
    )


def delete_lines(invoice_ids: Collection[UUID]) -> None:
    """By statement: deleting through the models would read each row, and log it as if a person had deleted it."""
    ids = list(invoice_ids)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM invoicing_invoicetax WHERE invoice_id = ANY (%s)", [ids])
        cursor.execute("DELETE FROM invoicing_invoiceline WHERE invoice_id = ANY (%s)", [ids])


def line_columns(line: Line) -> dict[str, Any]:
    """The columns of a line's row, without invoice and position."""
    same = {name: getattr(line, name) for name in LINE_COLUMNS}
    return {
        **same,
        "dimensions": dict(line.dimensions),
        "explanation": [step.to_json() for step in line.steps],
        "discounts": [discount.to_json() for discount in line.discounts],
    }
