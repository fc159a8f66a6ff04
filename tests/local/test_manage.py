"""A management command beside `make run` sees what runs, and says so when nothing does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billing_platform.local import manage
from billing_platform.local.errors import LocalError
from billing_platform.local.process_table import MARK


@contextmanager
def running(var_dir: Path) -> Iterator[None]:
    """A process that `make run` started in this directory, as far as anybody can see."""
    with subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: str(var_dir)}) as process:
        try:
            yield
        finally:
            process.kill()


def test_a_command_gets_the_environment_of_the_running_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_URL", "http://elsewhere.example")
    manage.remember(tmp_path, {"SITE_URL": "https://here.example", "SECRET_KEY": "k" * 50})
    code = "from django.conf import settings; assert settings.SITE_URL == 'https://here.example'"
    with running(tmp_path):
        assert manage.manage(tmp_path, ["shell", "--no-imports", "-c", code]) == 0
    assert (tmp_path / "environment.json").stat().st_mode & 0o077 == 0


def test_the_shell_knows_the_models(tmp_path: Path) -> None:
    manage.remember(tmp_path, {})
    with running(tmp_path):
        assert manage.manage(tmp_path, ["shell", "-v", "0", "-c", "assert Invoice._meta.app_label == 'invoicing'"]) == 0


def test_without_a_running_platform_it_says_what_to_do(tmp_path: Path) -> None:
    manage.remember(tmp_path, {})
    manage.forget(tmp_path)
    with pytest.raises(LocalError, match="make run"):
        manage.manage(tmp_path, ["check"])


def test_what_a_killed_launcher_left_behind_is_no_running_platform(tmp_path: Path) -> None:
    manage.remember(tmp_path, {})
    with pytest.raises(LocalError, match="Nothing is running"):
        manage.manage(tmp_path, ["shell"])
