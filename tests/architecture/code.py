"""Where our code is, for the tests that read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("organisations", "events", "invoicing", "payments", "reconciliation")


def python_files(*places: str) -> Iterator[Path]:
    """The modules of some folders or files, relative to the checkout; migrations are history and left out."""
    for place in places:
        path = ROOT / place
        found = [path] if path.is_file() else sorted(path.rglob("*.py"))
        assert found, f"{place} is empty: the test looks at the wrong place"
        yield from (file for file in found if "migrations" not in file.parts)


def syntax_tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def where(file: Path, node: ast.AST) -> str:
    """file:line, as an editor opens it."""
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
