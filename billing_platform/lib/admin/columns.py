"""How columns of lists and of rows within pages are laid out: numbers to the right, and fewer columns on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.utils import label_for_field
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

MOST_ON_A_PHONE = 5
WIDE = "(min-width: 1024px)"  # where Unfold makes a table of what are cards on narrower screens
NARROW = "(max-width: 1023px)"


def names_of(columns: Iterable[Any]) -> list[str]:
    """What the cells' CSS classes end in: a column is a name, or the function that shows it."""
    return [column if isinstance(column, str) else column.__name__ for column in columns]


def numbers_among(page: Any, columns: Iterable[Any]) -> list[str]:
    """The columns that hold amounts, quantities or counts."""
    return [name for name, column in zip(names_of(columns), columns, strict=True) if _is_number(page, column)]


def _is_number(page: Any, column: Any) -> bool:
    shown = column if callable(column) else getattr(page, column, None)
    return bool(getattr(shown, "is_number", False))


def list_style(page: Any, columns: Sequence[Any]) -> SafeString:
    """The style sheet of one list."""
    shown = page.columns_on_a_phone() or names_of(columns)[:MOST_ON_A_PHONE]
    left_out = [name for name in names_of(columns) if name not in (*shown, "action_checkbox")]
    numbers = numbers_among(page, columns)
    rules = [
        *_right("#result_list", numbers, beside="div"),
        *_rule(NARROW, "#result_list", [f"field-{name}" for name in left_out], "display: none"),
        *_names("#result_list", page, columns),
    ]
    return mark_safe("\n".join(rules))  # noqa: S308 (names of columns are ours)


def rows_style(prefix: str, page: Any, columns: Sequence[Any]) -> SafeString:
    """The style sheet of the rows of one kind within an object's page."""
    table, numbers = f"#{prefix}-data", numbers_among(page, columns)
    after_numbers = [f"{kind}-{name} + *" for name in numbers for kind in ("field", "column")]
    rules = [
        *_right(table, numbers, beside="span"),
        *_rule(WIDE, table, after_numbers, "padding-left: 1rem"),
        *_names(table, page, columns),
    ]
    return mark_safe("\n".join(rules))  # noqa: S308  # (names of columns are ours)


def _names(table: str, page: Any, columns: Sequence[Any]) -> list[str]:
    """The names in a card, written as above a column. Unfold's own begin every word with a capital, and call a first
    column without a link "Select record"."""
    rules = []
    for name, column in zip(names_of(columns), columns, strict=True):
        if name != "action_checkbox":
            title = json.dumps(capfirst(str(label_for_field(column, page.model, page))), ensure_ascii=False)
            rules += _rule(NARROW, table, [f"field-{name}::before"], f"content: {title}; text-transform: none")
    return rules


def _right(table: str, names: Sequence[str], *, beside: str) -> list[str]:
    """Cells and headings of numbers to the right; Unfold's headings are rows of flexible boxes."""
    cells = [f"{kind}-{name}" for name in names for kind in ("field", "column")]
    inner = [f"{cell} > :is(div, {beside})" for cell in cells]
    return [
        *_rule(WIDE, table, cells, "text-align: right; font-variant-numeric: tabular-nums"),
        *_rule(WIDE, table, inner, "justify-content: flex-end"),
    ]


def _rule(screen: str, table: str, classes: Sequence[str], style: str) -> list[str]:
    if not classes:
        return []
    selectors = ", ".join(f"{table} .{name}" for name in classes)
    return [f"@media {screen} {{ {selectors} {{ {style} }} }}"]
