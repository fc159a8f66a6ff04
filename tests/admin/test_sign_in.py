"""After five failed sign-ins from one address in 15 minutes, the sign-in page checks no password."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test.client import Client
from django.urls import reverse


@pytest.fixture(autouse=True)
def _within_one_window() -> Iterator[None]:
    with time_machine.travel("2026-11-21T12:00:00Z", tick=False):
        yield


def attempt(client: Client, password: str, address: str = "203.0.113.7") -> Any:
    return client.post(reverse("admin:login"), {"username": "operator", "password": password}, REMOTE_ADDR=address)


def test_the_right_password_opens_the_dashboard(operator: Any) -> None:
    response = attempt(Client(), "a-good-password")
    assert response.status_code == 302
    assert response["Location"] == reverse("admin:index")


def test_after_five_failures_even_the_right_password_is_refused(operator: Any) -> None:
    client = Client()
    assert [attempt(client, "wrong").status_code for _ in range(5)] == [200] * 5
    refused = attempt(client, "a-good-password")
    assert refused.status_code == 429
    assert "5 failed attempts" in refused.content.decode()
    waits = re.search(r"Try again in (\d+) minutes?\.", refused.content.decode())
    assert waits
    assert 1 <= int(waits[1]) <= 15
    assert 0 < int(refused["Retry-After"]) <= 900
    assert "_auth_user_id" not in client.session


def test_another_address_is_counted_apart(operator: Any) -> None:
    for _ in range(6):
        attempt(Client(), "wrong")
    assert attempt(Client(), "a-good-password", address="203.0.113.8").status_code == 302


def test_signing_in_uses_up_nothing(operator: Any) -> None:
    assert [attempt(Client(), "wrong").status_code for _ in range(4)] == [200] * 4
    assert [attempt(Client(), "a-good-password").status_code for _ in range(10)] == [302] * 10
    assert attempt(Client(), "wrong").status_code == 200
    assert attempt(Client(), "a-good-password").status_code == 429


def test_looking_at_the_sign_in_page_counts_nothing(operator: Any) -> None:
    client = Client()
    for _ in range(10):
        assert client.get(reverse("admin:login"), REMOTE_ADDR="203.0.113.7").status_code == 200
    assert attempt(client, "a-good-password").status_code == 302


def test_someone_who_is_not_staff_does_not_get_in(django_user_model: Any) -> None:
    django_user_model.objects.create_user("operator", password="a-good-password")
    assert attempt(Client(), "a-good-password").status_code == 200


def test_the_addresses_of_one_ipv6_network_are_counted_together(operator: Any) -> None:
    """Whoever has one such address has 2^64 of them."""
    for number in range(5):
        attempt(Client(), "wrong", address=f"2001:db8:1:2::{number}")
    assert attempt(Client(), "a-good-password", address="2001:db8:1:2:ffff::1").status_code == 429
    assert attempt(Client(), "a-good-password", address="2001:db8:1:3::1").status_code == 302


def test_a_browser_with_another_address_each_time_is_held_up_by_the_accounts_limit(
    operator: Any, settings: Any
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign_in_account": "8/h"}
    statuses = [attempt(Client(), "wrong", address=f"203.0.113.{number}").status_code for number in range(9)]
    assert statuses == [200] * 8 + [429]
    assert attempt(Client(), "a-good-password", address="203.0.113.99").status_code == 429


def test_a_browser_that_signed_in_before_is_not_locked_out_by_others(operator: Any, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign_in_account": "2/h"}
    known = Client()
    attempt(known, "a-good-password")
    known.post(reverse("admin:logout"))
    for number in range(3):
        attempt(Client(), "wrong", address=f"203.0.113.{number}")
    assert attempt(known, "a-good-password", address="203.0.113.99").status_code == 302


def test_the_address_of_signing_out_that_is_typed_or_read_again_leads_to_the_dashboard(operator: Any) -> None:
    known = Client()
    attempt(known, "a-good-password")
    answer = known.get(reverse("admin:logout"))
    assert (answer.status_code, answer.url) == (302, reverse("admin:index"))
    assert known.get(reverse("admin:index")).status_code == 200, "only a POST signs out"


@pytest.mark.django_db(transaction=True)
def test_of_thirty_attempts_at_once_five_passwords_are_looked_at(
    operator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(
        "django.contrib.auth.forms.authenticate", lambda _request, username, password: looked.append(username)
    )
    start = threading.Barrier(30)

    def one() -> None:
        start.wait()
        attempt(Client(), "wrong")
        connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked) == 5


@pytest.mark.parametrize(
    ("hop", "other"),
    [
        ("198.51.100.1:5678", "198.51.100.2:5678"),
        ("[2001:db8:1::1]:443", "[2001:db8:2::1]:443"),
        ("_hidden", "unknown"),
    ],
)
def test_what_a_proxy_writes_as_the_address_is_told_apart(operator: Any, settings: Any, hop: str, other: str) -> None:
    """Otherwise five failures of anybody would lock out everybody behind the proxy."""
    settings.TRUSTED_PROXY_COUNT = 1

    def via(address: str, password: str) -> int:
        client = Client(headers={"X-Forwarded-For": address})
        return attempt(client, password).status_code

    assert [via(hop, "wrong") for _ in range(6)] == [200] * 5 + [429]
    assert via(other, "a-good-password") == 302
