"""One sandbox process for these tests, wiped before each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver


@pytest.fixture(scope="session")
def _receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def _sandbox(_receiver: WebhookReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    directory = tmp_path_factory.mktemp("sandbox")
    with SandboxProcess(directory, webhook_url=_receiver.url) as process:
        yield process


@pytest.fixture
def sandbox(_sandbox: SandboxProcess, _receiver: WebhookReceiver) -> SandboxProcess:
    _sandbox.reset()
    _receiver.clear()
    return _sandbox


@pytest.fixture
def receiver(sandbox: SandboxProcess, _receiver: WebhookReceiver) -> WebhookReceiver:
    return _receiver


@pytest.fixture
def client(sandbox: SandboxProcess) -> Any:
    return sandbox.client()


@pytest.fixture
def order(client: Any) -> dict[str, Any]:
    created: dict[str, Any] = client.order.create({"amount": 100000, "currency": "INR", "receipt": "inv-1"})
    return created
