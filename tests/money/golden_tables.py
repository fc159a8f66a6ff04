"""Reads the worked tables: tests/money/golden/*.yaml, which docs/money.md repeats word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

GOLDEN = Path(__file__).parent / "golden"
Row = dict[str, str]


def tables(file: str) -> dict[str, list[Row]]:
    return yaml.safe_load((GOLDEN / f"{file}.yaml").read_text(encoding="utf-8"))


def golden(file: str, table: str):
    """Parametrise a test with the rows of one table; the test takes `row`."""
    rows = tables(file)[table]
    return pytest.mark.parametrize("row", rows, ids=[" | ".join(row.values())[:70] for row in rows])
