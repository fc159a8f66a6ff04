"""What runs, and in which environment."""

from __future__ import annotations

import socket
from pathlib import Path

import environ
import pytest

from billing_platform.local.embedded import Services
from billing_platform.local.ports import free_port, reserve
from billing_platform.local.process_table import Addresses, commands, environment

SERVICES = Services(database_url="postgresql://billing@/billing?host=%2Fa%20b", redis_url="redis://127.0.0.1:1/0")
SECRETS = {
    "SECRET_KEY": "s",
    "PROOF_SIGNING_KEY": "p",
    "RAZORPAY_KEY_ID": "id",
    "RAZORPAY_KEY_SECRET": "k",
    "RAZORPAY_WEBHOOK_SECRET": "w",
}
WITH_SANDBOX = Addresses(base_url="http://127.0.0.1:8000", sandbox_url="http://127.0.0.1:8001")
WITHOUT_SANDBOX = Addresses(base_url="http://127.0.0.1:8000", sandbox_url=None)


def made(addresses: Addresses, var_dir: Path = Path("/srv/my var")) -> dict[str, str]:
    return environment(var_dir=var_dir, services=SERVICES, addresses=addresses, secrets=SECRETS)


def test_the_sandbox_is_told_where_to_send_webhooks() -> None:
    settings = made(WITH_SANDBOX)
    assert settings["SANDBOX_WEBHOOK_URL"] == "http://127.0.0.1:8000/api/v1/webhooks/razorpay"
    assert settings["RAZORPAY_BASE_URL"] == settings["SANDBOX_BASE_URL"] == "http://127.0.0.1:8001"
    assert settings["RAZORPAY_WEBHOOK_SECRET"] == "w"


def test_with_real_razorpay_keys_there_is_no_sandbox_and_no_made_up_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAZORPAY_KEY_ID", "rzp_live_real")
    monkeypatch.delenv("RAZORPAY_BASE_URL", raising=False)
    settings = made(WITHOUT_SANDBOX)
    assert settings["RAZORPAY_KEY_ID"] == "rzp_live_real"
    assert "RAZORPAY_BASE_URL" not in settings
    assert set(commands(WITHOUT_SANDBOX)) == {"web", "worker", "beat"}
    assert set(commands(WITH_SANDBOX)) == {"web", "worker", "beat", "sandbox"}


def test_what_is_set_outside_wins_over_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "smtp://mail.example.com:25")
    monkeypatch.delenv("SITE_URL", raising=False)
    settings = made(WITH_SANDBOX)
    assert settings["EMAIL_URL"] == "smtp://mail.example.com:25"
    assert settings["SITE_URL"] == "http://127.0.0.1:8000"


def test_e_mails_go_to_a_folder_even_on_an_odd_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMAIL_URL", raising=False)
    found = environ.Env.email_url_config(made(WITH_SANDBOX, Path("/srv/my var+1"))["EMAIL_URL"])
    assert found["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend"
    assert found["EMAIL_FILE_PATH"] == "/srv/my var+1/mail"


def test_a_proxy_is_never_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example.com,localhost")
    settings = made(WITH_SANDBOX)
    assert settings["no_proxy"] == settings["NO_PROXY"] == "internal.example.com,localhost,127.0.0.1"


def test_a_port_in_use_is_not_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert free_port(taken) != taken


def test_a_reserved_port_counts_as_in_use() -> None:
    port = free_port()
    with reserve(port):
        assert free_port(port) != port
    assert free_port(port) == port
