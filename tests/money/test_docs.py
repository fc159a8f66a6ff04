"""docs/money.md prints exactly the tables that the tests run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.money.golden_tables import GOLDEN, tables

PAGE = (Path(__file__).parents[2] / "docs" / "money.md").read_text(encoding="utf-8")
MARKED_TABLE = re.compile(r"<!-- golden: (\w+)\.(\w+) -->\n((?:\|.*\|\n)+)")


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def printed_tables() -> dict[tuple[str, str], list[dict[str, str]]]:
    found = {}
    for file, table, text in MARKED_TABLE.findall(PAGE):
        header, _, *rows = text.splitlines()
        names = [name.replace(" ", "_") for name in cells(header)]
        found[file, table] = [dict(zip(names, cells(row), strict=True)) for row in rows]
    return found


def golden_names() -> list[tuple[str, str]]:
    return [(path.stem, table) for path in sorted(GOLDEN.glob("*.yaml")) for table in tables(path.stem)]


@pytest.mark.parametrize(("file", "table"), golden_names())
def test_the_page_prints_the_rows_that_are_tested(file, table):
    assert printed_tables()[file, table] == tables(file)[table]


def test_the_page_prints_nothing_that_is_not_tested():
    assert set(printed_tables()) == set(golden_names())
