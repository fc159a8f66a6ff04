"""Real HTTP servers on this machine that stand for receivers, good and bad; and networks that lead to them."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from billing_platform.lib.http.outgoing import Network

PUBLIC = "93.184.216.34"
HOST = "hooks.example.com"


@dataclass
class Receiver:
    """What it was sent, and how it answers: `answers` maps a path to a status, or to a function of the handler."""

    port: int = 0
    got: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answers: dict[str, int | Callable[[Any], None]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def types(self) -> list[str]:
        return [each["type"] for each in self.got]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = receiver.answers.get(self.path, 200)
            if answer == 200:
                receiver.got.append(json.loads(body))
                receiver.headers.append(dict(self.headers))
                receiver.bodies.append(body)
            if callable(answer):
                answer(self)
                return
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Senders that hang up are what tests are about."""


@contextmanager
def receiver(certificate: Path | None = None) -> Iterator[Receiver]:
    made = Receiver()
    server = _Server(("127.0.0.1", 0), _handler(made))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        made.stop.set()
        server.shutdown()
        server.server_close()


def drips(made: Receiver, *, first: bytes) -> Callable[[Any], None]:
    """Answers a byte now and then, for ever: what a slow 10 GB looks like."""

    def answer(handler: Any) -> None:
        handler.close_connection = True
        handler.wfile.write(first)
        while not made.stop.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return answer


def floods(made: Receiver) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10 * 1024**3))
        handler.end_headers()
        while not made.stop.is_set():
            handler.wfile.write(b"x" * 65536)

    return answer


def resets(handler: Any) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hangs(made: Receiver) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        handler.close_connection = True
        made.stop.wait(60)

    return answer


@dataclass
class Wire:
    """A network whose names resolve as a test says, and whose connections all lead to one receiver; it notes where
    they were to go."""

    receiver: Receiver
    addresses: list[list[str]] = field(default_factory=lambda: [[PUBLIC]])
    """The answers of the resolver, one after the other; the last one stays."""
    certificate: Path | None = None
    connected: list[tuple[str, int]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def network(self, total_seconds: float = 5) -> Network:
        return Network(look_up=self._look_up, connect=self._connect, tls=self._tls, total_seconds=total_seconds)

    def _look_up(self, host: str, _port: int) -> list[str]:
        self.looked_up.append(host)
        return self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]

    def _connect(self, address: tuple[str, int], seconds: float) -> socket.socket:
        self.connected.append(address)
        return socket.create_connection(("127.0.0.1", self.receiver.port), seconds)

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)


def certificate_for(host: str, folder: Path) -> Path:
    """A certificate that vouches for itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{host}.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
