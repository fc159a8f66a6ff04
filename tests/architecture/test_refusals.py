"""Messages of refusals are whole sentences: users read them beside a field or above a form."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.code import APPS, ROOT, python_files, syntax_tree, where

REFUSALS = {"DomainError", "InvalidInput", "NotFound", "ValidationError", "GstError", "MoneyError", "NumberError"}
AT_A_FIELD = "InvalidInput.field"


def refusals() -> Iterator[tuple[str, ast.expr]]:
    for file in python_files("billing_platform", *APPS):
        if ROOT / "billing_platform/local/razorpay" in file.parents:  # says what Razorpay says
            continue
        for node in ast.walk(syntax_tree(file)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func)
            if name in REFUSALS:
                yield where(file, node), node.args[0]
            elif name == AT_A_FIELD:
                yield where(file, node), node.args[1]


def test_a_refusal_begins_with_a_capital_and_ends_like_a_sentence() -> None:
    wrong, seen = [], 0
    for place, sentence in refusals():
        parts = sentence.values if isinstance(sentence, ast.JoinedStr) else [sentence]
        first, last = (part.value if isinstance(part, ast.Constant) else None for part in (parts[0], parts[-1]))
        if not isinstance(first, str) and not isinstance(last, str):  # made elsewhere, or by fields
            continue
        seen += 1
        if (isinstance(first, str) and first[0].islower()) or (isinstance(last, str) and last[-1] not in ".?!…)"):
            wrong.append(f"{place}: {ast.unparse(sentence)}")
    assert wrong == []
    assert seen > 100
