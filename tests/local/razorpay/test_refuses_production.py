"""The sandbox does not start where somebody might take its payments for real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from billing_platform.local.razorpay.addresses import is_public
from tests.local.razorpay.harness import ROOT, SandboxProcess


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"RAZORPAY_KEY_ID": "rzp_live_0123456789abcd"}, "takes test keys only"),
        ({"ENVIRONMENT": "production"}, "does not run where ENVIRONMENT is production"),
        ({"SANDBOX_BASE_URL": "https://pay.example.com"}, "SANDBOX_BASE_URL must not be a public address"),
        ({"SANDBOX_WEBHOOK_URL": "https://billing.example.com/hook"}, "SANDBOX_WEBHOOK_URL must not be a public"),
    ],
)
def test_it_refuses_production_settings(tmp_path: Path, changes: dict[str, str], text: str) -> None:
    environment = SandboxProcess(tmp_path).environment | changes
    command = [sys.executable, "-c", "import billing_platform.local.razorpay.wsgi"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert text in result.stderr
    assert not list(tmp_path.iterdir())


def test_the_control_api_sends_no_webhooks_to_the_internet(sandbox: SandboxProcess) -> None:
    url = f"{sandbox.base_url}/_sim/settings"
    response = sandbox.http.post(url, json={"webhook_url": "https://billing.example.com/hook"}, timeout=5)
    assert (response.status_code, "public address" in response.text) == (400, True)


def test_a_page_of_another_site_cannot_use_the_control_api(sandbox: SandboxProcess) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert sandbox.http.post(f"{sandbox.base_url}/_sim/reset", headers=headers, timeout=5).status_code == 400


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("http://127.0.0.1:8000/x", False),
        ("http://[::1]:8000/x", False),
        ("http://10.0.3.4", False),
        ("http://web:8000/hook", False),
        ("http://localhost", False),
        ("", False),
        ("http://8.8.8.8/hook", True),
        ("https://billing.example.com", True),
    ],
)
def test_what_a_public_address_is(url: str, public: bool) -> None:
    assert is_public(url) is public
