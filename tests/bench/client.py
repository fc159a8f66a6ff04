"""A load client: keep-alive connections, one thread each, unique ids per request. Prints a JSON line.

python -m tests.bench.client URL KEY {single|batch|array|webhook} CONNECTIONS SECONDS [REQUESTS_PER_SECOND]

Webhooks are signed with KEY. One in four is sent a second time, as Razorpay may do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.bench.sample import MARK, ORDER, batch_template, order_number, webhook_template


class Load:
    def __init__(self, url: str, key: str, form: str, seconds: float, rate: float) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\n"
        ).encode()
        self.body: Callable[[str], bytes] = _body(form)
        self.secret = key.encode() if form == "webhook" else b""
        self.seconds, self.rate = seconds, rate
        self.lock = threading.Lock()
        self.latencies: list[float] = []
        self.failures = 0
        self.distinct = 0

    def run(self, connections: int) -> dict[str, float]:
        threads = [threading.Thread(target=self._send, args=(number, connections)) for number in range(connections)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - started
        ordered = sorted(self.latencies)
        return {
            "requests": len(ordered),
            "distinct": self.distinct,
            "failures": self.failures,
            "per_second": len(ordered) / elapsed,
            "p50_ms": 1000 * ordered[len(ordered) // 2],
            "p99_ms": 1000 * ordered[int(len(ordered) * 0.99)],
        }

    def _send(self, number: int, connections: int) -> None:
        connection = socket.create_connection(self.address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        latencies, failures, sent = [], 0, 0
        started = time.perf_counter()
        while (now := time.perf_counter()) - started < self.seconds:
            if self.rate:
                due = started + sent * connections / self.rate
                if due > now:
                    time.sleep(due - now)
                    now = due  # a request that had to wait its turn has waited
            again = sent % 5 == 4 if self.secret else False
            unique = f"{os.getpid() % 10_000:04d}{number:02d}{sent - again:06d}"
            body = self.body(unique)
            head = self.head + self._signature(body, unique) if self.secret else self.head
            connection.sendall(b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
            failures += not _succeeded(connection)
            latencies.append(time.perf_counter() - now)
            sent += 1
        with self.lock:
            self.latencies += latencies
            self.failures += failures
            self.distinct += sent - sent // 5 if self.secret else sent

    def _signature(self, body: bytes, unique: str) -> bytes:
        signature = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        return f"X-Razorpay-Signature: {signature}\r\nX-Razorpay-Event-Id: evt_{unique}\r\n".encode()


def _succeeded(connection: socket.socket) -> bool:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            missing = int(line.split(b":")[1]) - len(body)
            while missing > 0:
                missing -= len(_receive(connection))
    return head.split(b" ", 2)[1][:1] == b"2"


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise ConnectionError("The server hung up.")
    return received


def _body(form: str) -> Callable[[str], bytes]:
    if form == "webhook":
        message = webhook_template()
        return lambda unique: message.replace(MARK, unique.encode()).replace(ORDER, order_number(int(unique[6:])))
    template = batch_template()
    if form == "single":
        event = json.dumps(json.loads(template)["events"][0]).encode()
        return lambda unique: event.replace(MARK, unique.encode())
    if form == "array":  # what a ModelSerializer(many=True) reads
        template = json.dumps(json.loads(template)["events"]).encode()
    return lambda unique: template.replace(MARK, unique.encode())


if __name__ == "__main__":
    url, key, form, connections, seconds, *rate = sys.argv[1:]
    load = Load(url, key, form, float(seconds), float(rate[0]) if rate else 0.0)
    print(json.dumps(load.run(int(connections))))  # noqa: T201
