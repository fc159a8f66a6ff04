"""Rows in a form: a table in which people type several things of a kind, such as the tiers of a price."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.forms.widgets import Script
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

SPARE_ROWS = 2  # empty rows below those that are filled: enough to go on without a script
MOST_ROWS = 1001  # read from a form: one more than an invoice takes, so that too many are told

Row = dict[str, str]
"""What was typed into one row of a table, by column."""


class RowsWidget(forms.Widget):
    """A table whose cells are `<name>-<row>-<column>`. It works without a script; with one, rows are added, removed
    and moved."""

    has_own_looks = True

    class Media:
        css: ClassVar = {"all": ["billing_platform/rows.css"]}
        js = (Script("billing_platform/rows.js", defer=True),)

    def __init__(self, columns: Mapping[str, str], *, add: str, ordered: bool = False) -> None:
        super().__init__()
        self.columns, self.add, self.ordered = columns, add, ordered

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Row]:
        cell = re.compile(rf"{re.escape(name)}-([0-9]{{1,4}})-([a-z_]+)")
        rows: dict[int, Row] = {}
        for key in data:
            found = cell.fullmatch(key)
            if found and found[2] in self.columns:
                rows.setdefault(int(found[1]), {})[found[2]] = data[key]
        return [rows[number] for number in sorted(rows)[:MOST_ROWS]]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = [*filled(value or ()), *({} for _ in range(SPARE_ROWS))]
        context = {
            "name": name,
            "columns": self.columns,
            "add": self.add,
            "ordered": self.ordered,
            "first": self.ordered or bool(attrs and attrs.get("required")),  # the script leaves one row to type in
            "rows": [[(column, label, row.get(column, "")) for column, label in self.columns.items()] for row in rows],
        }
        return render_to_string("admin/includes/rows.html", context)


class RowsField(forms.Field):
    """The rows in which something was typed."""

    widget: RowsWidget

    def clean(self, value: Any) -> list[Row]:
        return filled(value or ())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return filled(initial or ()) != filled(data or ())


def filled(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows in which something was typed, without spaces around it."""
    stripped = [{name: str(value or "").strip() for name, value in row.items()} for row in rows]
    return [row for row in stripped if any(row.values())]
