"""docs/glossary.md gives each word one meaning and names what exists; words that it replaced occur nowhere."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.code import APPS, ROOT, python_files

GLOSSARY = ROOT / "docs" / "glossary.md"
ROW = re.compile(r"(?m)^\| (?!word \|)([^|]+) \| ([^|]+) \| ([^|]*)\|$")


def _rows() -> list[tuple[str, str, str]]:
    return [(word, meaning, code.strip()) for word, meaning, code in ROW.findall(GLOSSARY.read_text(encoding="utf-8"))]


def test_each_word_stands_once_with_one_sentence() -> None:
    rows = _rows()
    assert len(rows) >= 60, "the glossary says little, or the search finds little"
    assert not [word for word, times in Counter(word for word, _meaning, _code in rows).items() if times > 1]
    assert not [word for word, meaning, _code in rows if not re.fullmatch(r"[A-Z][^.]*\.", meaning)]


def test_each_name_in_code_exists() -> None:
    known = {name for file in python_files("billing_platform", *APPS) for name in _names(file)}
    named = {name for _word, _meaning, code in _rows() for name in re.findall(r"`([^`]+)`", code)}
    assert len(named) >= 40
    assert not named - known


def _names(file: Path) -> Iterator[str]:
    """What a module defines: its functions, classes and values, and theirs, as `Class.name`."""
    yield from _defined(ast.parse(file.read_text(encoding="utf-8")).body)


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    for each in body:
        if isinstance(each, ast.If):  # `if TYPE_CHECKING`
            yield from _defined(each.body)
        elif isinstance(each, ast.ClassDef):
            yield each.name
            yield from (f"{each.name}.{inner}" for inner in _defined(each.body))
        elif isinstance(each, ast.FunctionDef):
            yield each.name
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id
        elif isinstance(each, ast.Assign):
            yield from (target.id for target in each.targets if isinstance(target, ast.Name))


# A pattern for what is not written any more, and what is written instead.
REPLACED = {
    r"usage_month(?!s)": "used_in or counted_in",
    r"(?<![\"'.])settlement": "settling for batches, paid total for invoices, payout for Razorpay's",
    r"retired_orders": "orders_to_retire",
    r"standing.headers": "response headers",
    r"short.way\b": "fast path",
    r"the long way": "the middleware",
    r"[Ff]ront page": "dashboard",
    r"\bthe doors?\b|at the door": "the API, the form, acceptance",
    r"\b[Kk]ept\b|_kept|KEPT|kept_": "stored, retained (past its time), held (money)",
    r"the skin\b": "the theme",
    r"hangs? up\b": "disconnects",
    r"[Dd]ied again": "rejected again",
    r"\borganiz": "organis…",
    r"(?<![\"'._])\b[Aa]uthoriz(?!ation\b)": "authoris…",
    r"\bcanceled|\bcanceling": "cancelled, cancelling",
    r"\bbehavior|\bfavor(?!ite)|\bcolor\b(?![-:=(])": "…our",
    r"\brecogniz|\binitializ|\bsummariz|\bminimiz|\boptimiz(?!e=)": "…ise",
}
# Imitates Razorpay, in its words.
RAZORPAY = "billing_platform/local/razorpay"
GENERATED = "0001_initial.py"
TEXTS = {".py", ".md", ".html", ".txt", ".sql"}


def _texts() -> Iterator[Path]:
    for folder in ("billing_platform", *APPS, "docs", "examples", "templates"):
        yield from (
            file for file in sorted((ROOT / folder).rglob("*")) if file.suffix in TEXTS and file.name != GENERATED
        )
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))


@pytest.mark.parametrize("word", REPLACED)
def test_a_replaced_word_occurs_nowhere(word: str) -> None:
    found = []
    for file in _texts():
        name = str(file.relative_to(ROOT))
        if not name.startswith(RAZORPAY) and file != GLOSSARY:
            lines = enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
            found += [f"{name}:{number}: {line.strip()}" for number, line in lines if re.search(word, line)]
    assert not found, f"write {REPLACED[word]}"
