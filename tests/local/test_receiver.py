"""The receiver of `make run`: what it makes of messages, whoever sends them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from billing_platform.local import receiver

SECRET = "whsec_bWV0cmljcy1iaWxsaW5nLWdvbGRlbi1rZXktMDAwMDE="


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = tmp_path / "demo.json"
    facts.write_text(json.dumps({receiver.SECRET: SECRET}))
    monkeypatch.setenv(receiver.FACTS, str(facts))
    receiver._MESSAGES.clear()


def ask(method: str, path: str = "/", body: bytes = b"", **headers: str) -> tuple[str, dict[str, str], str]:
    said: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        said.update(status=status, headers=dict(headers))

    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    text = b"".join(receiver.application(environ | headers | {"HTTP_HOST": "127.0.0.1:8002"}, start_response)).decode()
    return said["status"], said["headers"], text


def send(path: str, text: str, secret: str = SECRET) -> str:
    now = datetime.now(UTC)
    signed = Webhook(secret).sign("msg_1", now, text)
    headers = {"ID": "msg_1", "TIMESTAMP": str(int(now.timestamp())), "SIGNATURE": signed}
    return ask("POST", path, text.encode(), **{f"HTTP_WEBHOOK_{name}": value for name, value in headers.items()})[0]


def test_it_checks_signatures_notices_what_comes_twice_and_shows_both() -> None:
    assert "Nothing came yet" in ask("GET")[2]
    assert send("/billing", '{"type": "invoice.paid", "data": {"note": "<script>"}}') == "200 OK"
    assert send("/billing", '{"type": "invoice.paid"}') == "200 OK"
    send("/billing", "no JSON", secret="whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    page = ask("GET")[2]
    assert page.count("The signature fits") == 2
    assert page.count("it came before") == 1
    assert page.count("The signature does not fit") == 1
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("path", "status"), [("/fail/x", "500"), ("/gone", "410"), ("/busy", "429"), ("/failed", "200")]
)
def test_it_fails_on_demand(path: str, status: str) -> None:
    assert send(path, "{}").startswith(status)


def test_without_a_demo_it_says_that_it_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(receiver.FACTS)
    send("/", "{}")
    assert "Not checked" in ask("GET")[2]
    assert ask("HEAD")[2] == ""
