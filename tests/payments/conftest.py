"""Fixtures for payments: an issued invoice, and a Razorpay sandbox in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from invoicing.models import Invoice
from organisations.models import Organisation
from payments.gateways import repeats
from tests.local.razorpay.harness import KEY_ID, KEY_SECRET, WEBHOOK_SECRET, SandboxProcess
from tests.payments.debits import NOVEMBER, Bank
from tests.payments.language import issued_invoice


@pytest.fixture(scope="session")
def _razorpay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("razorpay")) as process:
        yield process


@pytest.fixture
def razorpay(_razorpay: SandboxProcess, settings: Any) -> SandboxProcess:
    """The sandbox, empty, and the platform configured to use it. It posts no webhooks: tests hand them over."""
    _razorpay.reset()
    cache.clear()  # what other tests of the same address believe about it
    settings.RAZORPAY_BASE_URL = _razorpay.base_url
    settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET = KEY_ID, KEY_SECRET
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    settings.RAZORPAY_TIMEOUT_SECONDS = (2.0, 1.0)
    settings.RAZORPAY_CHECKOUT_URL = f"{_razorpay.base_url}/v1/checkout.js"
    return _razorpay


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,000.00 and 18% GST: ₹1,180.00."""
    return issued_invoice(acme)


@pytest.fixture
def no_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """One fault is enough to make a call fail, as if all repeats had failed too."""
    monkeypatch.setattr(repeats, "TRIES", 1)


@pytest.fixture
def clock() -> Iterator[Any]:
    """Noon in India on 26 November 2026."""
    with time_machine.travel(NOVEMBER, tick=False) as traveller:
        yield traveller


@pytest.fixture
def bank(razorpay: SandboxProcess, clock: Any) -> Bank:
    return Bank(razorpay, clock)
