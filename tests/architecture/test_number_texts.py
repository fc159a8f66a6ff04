"""Numbers become text in one module, billing_platform/lib/number_formats.py: nothing else formats a Decimal."""

from __future__ import annotations

import re

from tests.architecture.code import APPS, ROOT, python_files

ELSEWHERE = re.compile(r":,?f\}|normalize\(\):|intcomma|localize\(")


def test_a_decimal_is_written_by_the_numbers_module_only() -> None:
    found = []
    for file in python_files("billing_platform", *APPS):
        name = str(file.relative_to(ROOT))
        if name == "billing_platform/lib/number_formats.py" or name.startswith("billing_platform/local/razorpay"):
            continue
        lines = enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        found += [f"{name}:{number}: {line.strip()}" for number, line in lines if ELSEWHERE.search(line)]
    assert not found
