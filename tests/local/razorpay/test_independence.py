"""The sandbox stands alone: none of our apps, none of our settings, its own migrations."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.local.razorpay.harness import ROOT, SandboxProcess

OURS = ("billing_platform", "organisations", "events", "invoicing", "reconciliation", "payments")


def imported_modules(source: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_it_imports_nothing_of_ours() -> None:
    sources = list((ROOT / "billing_platform" / "local" / "razorpay").rglob("*.py"))
    assert len(sources) > 20
    for source in sources:
        for name in imported_modules(source):
            foreign = name.split(".")[0] in OURS and not name.startswith("billing_platform.local.razorpay")
            assert not foreign, f"{source} imports {name}"


def test_its_migrations_are_complete(tmp_path: Path) -> None:
    environment = SandboxProcess(tmp_path).environment
    command = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    result = subprocess.run(
        [*command, "--settings", "billing_platform.local.razorpay.settings"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
