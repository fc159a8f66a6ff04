"""A management command beside `make run` sees what runs; while nothing does, it gets the servers to itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billing_platform.local import manage
from billing_platform.local.errors import LocalError
from billing_platform.local.keys import load_or_make
from billing_platform.local.process_table import CHECKOUT, MARK


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


def managed(var_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As `make manage` does it, on the servers of the tests."""
    command = [sys.executable, "-m", "billing_platform.local", "manage", *arguments]
    environment = {**os.environ, "VAR_DIR": str(var_dir)}
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


def test_while_the_platform_is_stopped_a_command_has_its_servers_and_keys_to_itself(tmp_path: Path) -> None:
    key = load_or_make(tmp_path)["SECRET_KEY"]
    code = (
        "from django.conf import settings; from django.db import connection; connection.ensure_connection();"
        f"assert settings.SECRET_KEY == {key!r}"
    )
    result = managed(tmp_path, "shell", "-v", "0", "-c", code)
    assert result.returncode == 0, result.stderr


def test_where_no_platform_was_ever_made_it_says_what_to_do(tmp_path: Path) -> None:
    result = managed(tmp_path, "check")
    assert (result.returncode, "make run" in result.stderr) == (1, True), result.stderr
