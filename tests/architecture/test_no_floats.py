"""No float touches money or quantity: exact decimals from the wire to the database."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import FloatField

from tests.architecture.code import APPS, ROOT, python_files, syntax_tree, where

EXACT = [
    "billing_platform/lib/money.py",
    "billing_platform/lib/gst.py",
    "invoicing",
    "payments",
    "events/wire/incoming.py",
    "events/wire/packing.py",
    "events/selectors",
    "events/services",
]

# Seconds, points on paper, light and likeness of names are measures, not money: (file, what is written there) → why.
ALLOWED = {
    ("events/selectors/status.py", "0.3"): "seconds that one may look for a waiting event",
    ("events/services/settling/chunks.py", "25.0"): "seconds that one run may take",
    ("events/services/settling/chunks.py", "0.0"): "seconds that one run waits for more",
    ("events/services/settling/chunks.py", "0.2"): "seconds between two looks",
    ("payments/inbox/processing.py", "25.0"): "seconds that one run may take",
    ("payments/inbox/processing.py", "0.0"): "seconds that one run waits for more",
    ("payments/inbox/processing.py", "0.2"): "seconds between two looks",
    ("payments/services/collection.py", "25.0"): "seconds that a second caller waits for the first",
    ("payments/services/collection.py", "0.1"): "seconds between two looks",
    ("payments/gateways/repeats.py", "0.25"): "seconds before the first repeat",
    ("payments/gateways/repeats.py", "8.0"): "seconds within which a repeat begins",
    ("payments/gateways/repeats.py", "5.0"): "seconds that Razorpay may ask for",
    ("payments/banking/matching.py", "0.99"): "how like a name is: all letters but spelling",
    ("payments/banking/matching.py", "0.5"): "how like a name is: half of its letters",
    ("payments/banking/matching.py", "0.0"): "how like a name is: not at all",
    ("payments/banking/narrations.py", "0.0"): "how like a name is: not at all",
    ("invoicing/documents/srgb.py", "round(…)"): "the light of a colour",
}
PAPER = "invoicing/documents/"  # sizes in points; the numbers printed there are strings by then


def _inexact(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Float literals, float(…) and round(…). A bare annotation `float` is caught only where it is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node, ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"float", "round"}:
            yield node, f"{node.func.id}(…)"
        elif isinstance(node, ast.Attribute) and node.attr == "FloatField":
            yield node, "FloatField"


@pytest.mark.parametrize("file", python_files(*EXACT), ids=lambda file: str(Path(file).relative_to(ROOT)))
def test_no_float_is_used_for_money_or_quantities(file: Path) -> None:
    name = str(file.relative_to(ROOT))
    found = [
        f"{where(file, node)}: {text}"
        for node, text in _inexact(syntax_tree(file))
        if (name, text) not in ALLOWED and not (name.startswith(PAPER) and text[0].isdigit())
    ]
    assert not found


def test_every_exception_is_still_needed() -> None:
    for (name, text), why in ALLOWED.items():
        assert text in {found for _node, found in _inexact(syntax_tree(ROOT / name))}, f"{name} has no {text} ({why})"


def test_money_columns_are_decimals() -> None:
    floats = [
        str(field)
        for label in APPS
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FloatField)
    ]
    assert not floats


@pytest.mark.parametrize("code", ["x = 0.5", "float(y)", "round(z, 2)", "models.FloatField()"])
def test_the_search_finds_floats_in_a_sample(code: str) -> None:
    assert list(_inexact(ast.parse(code)))
