"""Secrets of an installation: made once, for its owner only."""

from __future__ import annotations

import json
from pathlib import Path

from billing_platform.local.keys import load_or_make, write_private


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = load_or_make(tmp_path)
    assert load_or_make(tmp_path) == first
    assert len(first["SECRET_KEY"]) >= 50
    assert first["RAZORPAY_KEY_ID"].startswith("rzp_test_")


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert not set(load_or_make(tmp_path / "one").values()) & set(load_or_make(tmp_path / "two").values())


def test_a_secret_that_an_older_version_did_not_know_is_added(tmp_path: Path) -> None:
    write_private(tmp_path / "secrets.json", {"SECRET_KEY": "kept"})
    secrets = load_or_make(tmp_path)
    assert secrets["SECRET_KEY"] == "kept"
    assert json.loads((tmp_path / "secrets.json").read_text()) == secrets
    assert secrets["RAZORPAY_WEBHOOK_SECRET"]


def test_other_users_can_not_read_the_secrets(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").touch(mode=0o644)
    (tmp_path / "secrets.json").write_text("{}")
    load_or_make(tmp_path)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
