"""The deployment check passes a complete set-up and names what an incomplete one lacks; logs hold no secrets."""

from __future__ import annotations

import io
import json
import logging
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from billing_platform.lib.http import request_id
from billing_platform.observability.checks import check_deployment, check_gateway
from billing_platform.observability.logs import JsonFormatter
from tests.architecture.code import ROOT

PRODUCTION = {
    "SECRET_KEY": "not-a-secret-only-long-enough-for-the-check-0123456789-abcdefghij",
    "SITE_URL": "https://billing.example.com",
    "ALLOWED_HOSTS": "billing.example.com",
    "PROOF_SIGNING_KEY": "ZXZlcnlib2R5IG1heSByZWFkIHRoaXMgdGVzdCBrZXk=",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    "RAZORPAY_KEY_ID": "rzp_live_check",
    "RAZORPAY_KEY_SECRET": "check",
    "RAZORPAY_WEBHOOK_SECRET": "check",
}


CHECKED = (
    "SECRET_KEY_IS_SET", "SITE_URL", "ALLOWED_HOSTS", "PROOF_SIGNING_KEY", "EMAIL_PROVIDER", "EMAIL_BACKEND",
    "RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRETS",
)  # fmt: skip


def _kept() -> dict[str, str]:
    """Nothing of this process's settings but the servers' addresses."""
    return {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL") if name in os.environ}


def _check(**environment: str) -> subprocess.CompletedProcess[str]:
    """As a deployment runs it."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**_kept(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_complete_production_set_up_passes_the_check() -> None:
    result = _check(**PRODUCTION)
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout + result.stderr


def test_the_check_names_every_missing_setting() -> None:
    result = _check()
    assert result.returncode != 0
    for number, hint in [
        ("E001", "SECRET_KEY"),
        ("E002", "SITE_URL=https://"),
        ("E003", "ALLOWED_HOSTS="),
        ("E006", "PROOF_SIGNING_KEY"),
        ("W002", "RAZORPAY_KEY_ID"),
        ("W001", "EMAIL_URL="),
    ]:
        assert f"billing_platform.{number}" in result.stderr
        assert hint in result.stderr


@pytest.mark.parametrize(
    ("missing", "number"),
    [
        ("SECRET_KEY", "E001"),
        ("SITE_URL", "E002"),
        ("ALLOWED_HOSTS", "E003"),
        ("PROOF_SIGNING_KEY", "E006"),
        ("RAZORPAY_KEY_ID", "W002"),
        ("RAZORPAY_KEY_SECRET", "E005"),
        ("RAZORPAY_WEBHOOK_SECRET", "E005"),
        ("EMAIL_URL", "W001"),
    ],
)
def test_the_check_names_the_one_missing_setting(
    missing: str, number: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The settings are read anew in this process: another one takes three seconds to begin."""
    for name in set(os.environ) - set(_kept()):
        monkeypatch.delenv(name)
    for name, value in PRODUCTION.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    read = runpy.run_path(str(ROOT / "billing_platform" / "settings.py"))
    for name in CHECKED:
        setattr(settings, name, read[name])
    assert {found.id for found in [*check_deployment(), *check_gateway()]} == {f"billing_platform.{number}"}


def test_no_secret_is_in_the_code() -> None:
    """Whoever greps for a default that works in production finds none: the only default key is refused by E001."""
    settings = (ROOT / "billing_platform" / "settings.py").read_text()
    defaults = [line for line in settings.splitlines() if "SECRET" in line and "default=" in line]
    assert defaults
    for line in defaults:
        assert any(harmless in line for harmless in ('default=""', "default=[]", '"insecure-development-key"')), line


# --- logs -----------------------------------------------------------------------------------------------------------

KEY = "mbp_live_abcdefgh_" + "S3cret" * 7


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger with the formatter and filter of production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def test_a_log_line_is_one_json_object_with_the_request_id(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    request_id.begin("request-4711")
    try:
        logger.warning("two\nlines", extra={"status": 202, "path": "/api/v1/events"})
    finally:
        request_id.end()
    (line,) = stream.getvalue().splitlines()
    written = json.loads(line)
    assert (written["message"], written["level"], written["logger"]) == ("two\nlines", "WARNING", "tests.logs")
    assert (written["request_id"], written["status"], written["path"]) == ("request-4711", 202, "/api/v1/events")
    assert written["time"]
    assert written["environment"]


@pytest.mark.parametrize(
    "message",
    [
        f"bad key {KEY}",
        f"Authorization: Bearer {KEY}",
        "Authorization: Bearer eyJhbGciOi.S3cretS3cret.abc",
        "authorization: basic czpTM2NyZXRTM2NyZXQ=",
        "headers {'Authorization': 'Basic czpTM2NyZXRTM2NyZXQ='}",
    ],
)
def test_keys_and_authorization_never_reach_the_log(log: tuple[logging.Logger, io.StringIO], message: str) -> None:
    logger, stream = log
    logger.warning(message)
    logger.warning("%s", message, extra={"header": message})
    try:
        raise ValueError(message)
    except ValueError:
        logger.exception("failed")
    written = stream.getvalue()
    assert "S3cret" not in written
    assert "czpTM2NyZXRTM2NyZXQ" not in written
    assert "***" in written
    assert all(json.loads(line) for line in written.splitlines())


def test_the_prefix_of_a_key_stays_readable(log: tuple[logging.Logger, io.StringIO]) -> None:
    """It is public, and tells which key it was."""
    logger, stream = log
    logger.warning("used %s", KEY)
    assert "mbp_live_abcdefgh_***" in stream.getvalue()
