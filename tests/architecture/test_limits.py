"""docs/limits.md prints exactly the constants of `billing_platform/lib/limits.py`, with their reasons."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from billing_platform.lib import limits
from tests.architecture.code import ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
MODULE = (ROOT / "billing_platform" / "lib" / "limits.py").read_text(encoding="utf-8")


def _printed() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"(?m)^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", PAGE.partition("<!-- limits -->")[2])
    return {name: (value, why) for name, value, why in rows}


def _reasons() -> dict[str, str]:
    return dict(re.findall(r"(?m)^([A-Z][A-Z_]+) = .*?  # (.+)$", MODULE))


def _text(value: Any) -> str:
    if isinstance(value, Decimal) and value > 1000 and value == Decimal(10) ** value.adjusted():
        return f"below 10^{value.adjusted()}"
    return str(value)


def test_every_limit_has_a_reason() -> None:
    assert set(_reasons()) == {name for name in vars(limits) if name.isupper()}


def test_the_page_prints_every_limit_with_its_value_and_reason() -> None:
    assert _printed() == {name: (_text(getattr(limits, name)), why) for name, why in _reasons().items()}
