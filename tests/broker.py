"""A broker for tests of the sending side: it stores the messages that it gets, or it is down."""

from __future__ import annotations

from kombu.exceptions import OperationalError


class Broker:
    """Takes the place of the Celery app in `billing_platform.lib.work.waking`."""

    def __init__(self, *, is_up: bool = True) -> None:
        self.is_up = is_up
        self.sent: list[tuple[str, list[str]]] = []

    def send_task(self, name: str, args: list[str], **_options: object) -> None:
        if not self.is_up:
            raise OperationalError("connection refused")
        self.sent.append((name, args))
