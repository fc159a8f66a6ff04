"""The installer behind every make target, run as make runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from billing_platform.local import install


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a checkout"
    (root / "billing_platform/local").mkdir(parents=True)
    shutil.copy(install.__file__, root / "billing_platform/local/install.py")
    (root / "requirements.txt").write_text("# nothing\n")
    return root


def run(checkout: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "billing_platform/local/install.py", "--venv", ".venv", "requirements.txt"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_it_installs_when_the_lock_changed_and_only_then(checkout: Path) -> None:
    first = run(checkout)
    assert (first.returncode, first.stdout.startswith("Installing requirements.txt")) == (0, True)
    assert (checkout / ".venv/bin/python").exists()

    second = run(checkout)
    assert (second.returncode, second.stdout) == (0, "")

    (checkout / "requirements.txt").write_text("# nothing else\n")
    assert run(checkout).stdout.startswith("Installing requirements.txt")


def test_a_package_that_can_not_be_installed_is_a_failure_and_tried_again(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text(f"nothing @ file://{checkout}/missing.whl --hash=sha256:{'0' * 64}\n")
    assert run(checkout).returncode == 1
    assert run(checkout).returncode == 1
