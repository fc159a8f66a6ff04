"""docs/money.md prints exactly the tables that the tests run, and says which functions nothing calls yet."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.code import APPS, python_files, syntax_tree
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


# --- what is built --------------------------------------------------------------------------------------------------

MONEY_MODULES = (
    "billing_platform/lib/money.py",
    "billing_platform/lib/periods.py",
    "invoicing/gst_heads.py",
    "invoicing/totals.py",
)


def _functions() -> list[ast.FunctionDef]:
    bodies = (syntax_tree(file).body for file in python_files(*MONEY_MODULES))
    found = [each for body in bodies for each in body if isinstance(each, ast.FunctionDef)]
    return [function for function in found if not function.name.startswith("_")]


def _options() -> set[str]:
    """Keyword arguments that may be left out."""
    return {
        argument.arg
        for function in _functions()
        for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if default is not None
    }


def _used(without: set[str]) -> tuple[set[str], set[str]]:
    """Every name and every keyword that the program uses, outside the bodies of some functions."""
    names, keywords = set(), set()
    for file in python_files("billing_platform", *APPS):
        for statement in syntax_tree(file).body:
            if isinstance(statement, ast.FunctionDef) and statement.name in without:
                continue
            for node in ast.walk(statement):
                if isinstance(node, ast.Name | ast.Attribute):
                    names.add(node.id if isinstance(node, ast.Name) else node.attr)
                elif isinstance(node, ast.keyword) and node.arg:
                    keywords.add(node.arg)
    return names, keywords


def test_what_nothing_calls_is_what_the_last_section_describes():
    built, _heading, not_built = PAGE.partition("Not built yet\n")
    functions, options = {function.name for function in _functions()}, _options()
    described = set(re.findall(r"`(\w+)`", not_built)) & (functions | options)
    names, keywords = _used(without=described)
    assert described
    assert described == (functions - names) | (options - keywords)
    assert not described & set(re.findall(r"`(\w+)`", built))
