"""A management command beside `make run` sees what runs, and says so when nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_platform.local import manage
from billing_platform.local.errors import LocalError


def test_a_command_gets_the_environment_of_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_URL", "http://elsewhere.example")
    manage.remember(tmp_path, {"SITE_URL": "https://here.example", "SECRET_KEY": "k" * 50})
    code = "from django.conf import settings; assert settings.SITE_URL == 'https://here.example'"
    assert manage.manage(tmp_path, ["shell", "--no-imports", "-c", code]) == 0
    assert (tmp_path / "environment.json").stat().st_mode & 0o077 == 0


def test_without_a_running_platform_it_says_what_to_do(tmp_path: Path) -> None:
    manage.remember(tmp_path, {})
    manage.forget(tmp_path)
    with pytest.raises(LocalError, match="make run"):
        manage.manage(tmp_path, ["check"])
