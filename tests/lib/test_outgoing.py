"""A POST to an address that a person typed leaves for public hosts only, and ends in time whatever comes back."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing_platform.lib.http.outgoing import NoAnswer, UrlRefused, check_url, is_allowed, post
from tests.organisations.webhooks.receivers import (
    HOST,
    PUBLIC,
    Receiver,
    Wire,
    certificate_for,
    drips,
    floods,
    receiver,
    resets,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://user:secret@example.com/", "https://user@example.com/",
        "https://", "https:///path", "https://example.com:22/", "https://example.com:0/", "https://example.com:99999/",
        "https://localhost/", "https://metadata.google.internal/", "https://printer.local/", "https://intranet/",
        "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/", "https://exa mple.com/", "https://example.com\\@10.0.0.1/", "https://exämple.com/",
        "https://example.com/\r\nX: 1", "https://example.com/#part", "https://[broken/", "",
        f"https://example.com/{'a' * 500}",
    ],
)  # fmt: skip
def test_a_url_that_nothing_is_sent_to_is_refused_when_it_is_typed(url: str) -> None:
    with pytest.raises(UrlRefused):
        check_url(url)


def test_a_url_is_taken_apart() -> None:
    assert check_url("https://Example.com:8443/a/b?c=d").path == "/a/b?c=d"
    assert check_url("https://example.com").port == 443


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1.2.3", "169.254.169.254", "172.16.0.1", "192.0.0.8",
        "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "2001::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
        "2002:a00:1::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(ipaddress.ip_address(address))


@pytest.fixture
def local(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    with receiver() as made:
        yield made


def _post(made: Receiver, path: str = "/", total_seconds: float = 5) -> Any:
    network = Wire(made).network(total_seconds)
    return post(f"http://{HOST}:8080{path}", body=b"{}", headers={"X-Ours": "1"}, network=network)


def test_dns_that_changes_after_the_check_leads_nowhere_else(local: Receiver) -> None:
    wire = Wire(local, addresses=[[PUBLIC], ["169.254.169.254"], [PUBLIC, "10.0.0.1"]])
    url = f"http://{HOST}:8080/"
    assert post(url, body=b"{}", headers={}, network=wire.network()).status == 200
    assert (wire.looked_up, wire.connected) == ([HOST], [(PUBLIC, 8080)])  # looked up once; that very address
    for _ in range(2):
        with pytest.raises(UrlRefused, match="not public: nothing was sent"):
            post(url, body=b"{}", headers={}, network=wire.network())
    assert wire.connected == [(PUBLIC, 8080)]
    assert len(local.got) == 1


def test_a_redirect_is_an_answer_and_is_not_followed(local: Receiver) -> None:
    local.answers["/"] = 302
    assert _post(local).status == 302


def test_ten_gigabytes_are_read_no_further_than_their_beginning(local: Receiver) -> None:
    local.answers["/"] = floods(local)
    answer = _post(local)
    assert (answer.status, len(answer.body)) == (200, 4096)


def test_a_receiver_that_drips_is_cut_off(local: Receiver) -> None:
    """Each piece comes in time, and the whole never: in its body after the status, in its headers before it."""
    local.answers["/body"] = drips(local, first=b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
    local.answers["/head"] = drips(local, first=b"HTTP/1.1 200 OK\r\nX: ")
    answer = _post(local, "/body", total_seconds=0.3)
    assert answer.status == 200
    assert 0 < len(answer.body) < 200
    with pytest.raises(NoAnswer, match="too long"):
        _post(local, "/head", total_seconds=0.3)


def test_a_connection_that_is_reset_or_refused_is_no_answer(local: Receiver) -> None:
    local.answers["/"] = resets
    with pytest.raises(NoAnswer):
        _post(local)
    with receiver() as gone:
        pass
    with pytest.raises(NoAnswer, match="connection failed"):
        _post(gone)


def test_tls_is_checked_against_the_name_while_the_connection_goes_to_the_address(tmp_path: Path) -> None:
    ours = certificate_for(HOST, tmp_path)
    with receiver(ours) as made:
        wire = Wire(made, certificate=ours)
        assert post(f"https://{HOST}/", body=b"{}", headers={}, network=wire.network()).status == 200
        assert (wire.connected, made.headers[0]["Host"]) == ([(PUBLIC, 443)], HOST)
        with pytest.raises(NoAnswer, match="certificate of other"):
            post("https://other.example.com/", body=b"{}", headers={}, network=wire.network())
    assert len(made.got) == 1
