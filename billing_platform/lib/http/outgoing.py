"""POST to an address that a person typed: to public hosts only, within a time and a size, following nothing.

The host is looked up once. Every address that it has must be public, and the connection goes to one of the addresses
that were checked: a name that resolves differently a moment later changes nothing. TLS and the Host header keep the
name. Redirects are not followed, proxies of the environment are not used, and of the answer no more than its beginning
is read.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from requests.certs import where  # type: ignore[attr-defined]  # certifi's, which requests brings

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 3.05, 10.0, 15.0
"""To connect, between two pieces of the answer, and for all of it once the host is known."""
LARGEST_ANSWER = 4096
"""Bytes of the body that are read."""
LONGEST_URL = 500
_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT = 1024
_CARRY_IPV4 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))  # NAT64 and 6to4
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "2001::/32", "64:ff9b:1::/48", "fec0::/10")
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UrlRefused(ValueError):
    """Nothing is ever sent to such an address; the text says why, for the person who typed it."""


class NoAnswer(Exception):
    """Nothing came back that is an answer; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    """Its first LARGEST_ANSWER bytes, or what came of them in time."""
    retry_after: str = ""
    """The header of that name: when it asks to be tried again."""


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_kind, address in found))


@dataclass(frozen=True)
class Network:
    """How names are looked up and connections are made: the machine's own ways, which tests replace."""

    look_up: Callable[[str, int], list[str]] = _look_up
    connect: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection
    tls: Callable[[], ssl.SSLContext] = field(default=lambda: ssl.create_default_context(cafile=where()))
    total_seconds: float = TOTAL_SECONDS


THE_NETWORK = Network()


def check_url(url: str) -> Target:
    """What a URL names. Raises UrlRefused for one that is not https, has a log-in in it, or names no public host; the
    addresses of its host are looked up, and checked, only when something is sent."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or len(url) > LONGEST_URL:
        raise UrlRefused("Write a URL of visible ASCII characters, without spaces, such as https://example.com/hooks.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlRefused("This is no URL: write one such as https://example.com/hooks.") from None
    _check_parts(parts.scheme, has_login="@" in parts.netloc, has_fragment="#" in url)
    port = port if port is not None else _PORTS[parts.scheme]
    if port != _PORTS[parts.scheme] and port < _FIRST_FREE_PORT:
        raise UrlRefused(f"Port {port} belongs to another service: leave the port out, or take one from 1024.")
    _check_host(host)
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port, (parts.path or "/") + query)


def _check_parts(scheme: str, *, has_login: bool, has_fragment: bool) -> None:
    if scheme != "https" and not (scheme == "http" and settings.WEBHOOKS_TO_THIS_MACHINE):
        raise UrlRefused("Write a URL that begins with https://.")
    if has_login:
        raise UrlRefused("Leave the user name and password out of the URL: messages are signed instead.")
    if has_fragment:
        raise UrlRefused("Leave out what follows the #: it is never sent.")


def _check_host(host: str) -> None:
    address = _literal(host)
    if address is not None:
        if not is_allowed(address):
            raise UrlRefused(f"{host} is not a public address.")
        return
    local = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if not host or ("." not in host and not local) or (local and not settings.WEBHOOKS_TO_THIS_MACHINE):
        raise UrlRefused("The URL names no public host: write one such as https://example.com/hooks.")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_allowed(address: Address) -> bool:
    """Whether messages may go there: a public address, or this machine where a setting says so (`make run`)."""
    return _is_public(address) or (settings.WEBHOOKS_TO_THIS_MACHINE and address.is_loopback)


def _is_public(address: Address) -> bool:
    """Public and of one host: not private, loopback, link-local, shared by a provider (CGNAT), multicast or reserved,
    and no IPv6 form of such an IPv4 address."""
    inner = _ipv4_within(address)
    if inner is not None:
        return _is_public(inner)
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _ipv4_within(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    nat64, six_to_four = _CARRY_IPV4
    if address in nat64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour if address in six_to_four else None


def post(url: str, *, body: bytes, headers: Mapping[str, str], network: Network = THE_NETWORK) -> Answer:
    """Send one request, and read the beginning of its answer, whatever the answer says.

    Raises UrlRefused for an address that nothing is sent to, NoAnswer where no answer came. Never call it inside a
    transaction that holds locks. It asks no database, so threads may run it.
    """
    target = check_url(url)
    try:
        return _send(target, _checked_addresses(target, network), body, headers, network)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"The certificate of {target.host} is not accepted: {error.verify_message}.") from error
    except TimeoutError as error:
        raise NoAnswer("It took too long to answer.") from error
    except http.client.HTTPException as error:
        raise NoAnswer(f"The answer is not HTTP, or was cut off ({type(error).__name__}).") from error
    except OSError as error:
        raise NoAnswer(f"The connection failed: {error.strerror or type(error).__name__}.") from error


def _checked_addresses(target: Target, network: Network) -> list[str]:
    try:
        found = network.look_up(target.host, target.port)
    except OSError as error:
        raise NoAnswer(f"{target.host} has no address.") from error
    for address in found:
        if not is_allowed(ipaddress.ip_address(address.partition("%")[0])):
            raise UrlRefused(f"{target.host} has the address {address}, which is not public: nothing was sent.")
    if not found:
        raise NoAnswer(f"{target.host} has no address.")
    return found


def _send(target: Target, addresses: list[str], body: bytes, headers: Mapping[str, str], network: Network) -> Answer:
    ends_at = time.monotonic() + network.total_seconds
    plain = _connected(addresses, target.port, network)
    with _ended_at(plain, target, network, ends_at) as stream:
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.default_port = _PORTS[target.scheme]  # left out of the Host header
        connection.sock = stream
        connection.request("POST", target.path, body=body, headers=dict(headers))
        response = connection.getresponse()
        if time.monotonic() >= ends_at:  # headers that were cut look like headers that ended
            raise TimeoutError
        return Answer(response.status, _beginning(response), response.headers.get("Retry-After") or "")


def _connected(addresses: list[str], port: int, network: Network) -> socket.socket:
    """To the first address that takes the connection: a host may have one of a protocol that this machine lacks."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return network.connect((address, port), CONNECT_SECONDS)
    return network.connect((addresses[-1], port), CONNECT_SECONDS)


@contextmanager
def _ended_at(plain: socket.socket, target: Target, network: Network, ends_at: float) -> Iterator[socket.socket]:
    """The connection, with TLS where the URL says so. It is cut when the time is over, whatever is going on in it: a
    receiver that sends a byte every nine seconds would never let a single read run out of time."""
    plain.settimeout(READ_SECONDS)
    stream = plain
    if target.scheme == "https":
        stream = network.tls().wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)
    cut = threading.Timer(max(ends_at - time.monotonic(), 0), _cut, [stream])
    cut.daemon = True
    cut.start()
    try:
        if isinstance(stream, ssl.SSLSocket):
            stream.do_handshake()
        yield stream
    except (OSError, http.client.HTTPException) as error:
        if time.monotonic() >= ends_at:  # cut by us: whatever broke, that is why
            raise TimeoutError from error
        raise
    finally:
        cut.cancel()
        stream.close()


def _cut(stream: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(stream, socket.SHUT_RDWR)  # not SSLSocket's own, which another thread is using


def _beginning(response: http.client.HTTPResponse) -> bytes:
    """What came before the time was over: the status is the answer, the body is for people to look at."""
    found = b""
    with suppress(OSError, http.client.HTTPException):
        while len(found) < LARGEST_ANSWER:
            part = response.read1(LARGEST_ANSWER - len(found))
            if not part:
                break
            found += part
    return found
