"""One customer, the platform's workers and Razorpay, with one clock for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from celery import Task

from billing_platform.lib.errors import DomainError
from organisations.models import Organisation
from payments import tasks
from payments.inbox.processing import process_due
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.debits import Bank

SWEEPS: tuple[Callable[[], object], ...] = (
    tasks.start_collections,
    tasks.follow_refunds,
    tasks.collect_by_mandates,
    process_due,
    tasks.retry_payments,
)


class World(Bank):
    """No message to a worker ever arrives: what is done, the sweeps find."""

    def __init__(self, razorpay: SandboxProcess, clock: Any, acme: Organisation) -> None:
        super().__init__(razorpay, clock)
        self.acme = acme

    def jobs(self) -> None:
        """Each sweep once, and all that it hands out."""
        with done_at_once():
            for sweep in SWEEPS:
                sweep()

    def time_passes(self) -> None:
        """Claims end, pauses end, and what waits for an answer asks for it."""
        self.passes(hours=7)
        self.jobs()

    def breaks(self, match: str, kind: str, times: int = 1) -> None:
        self.razorpay.control("faults", {"match": match, "kind": kind, "times": times, "seconds": 1})

    def orders(self, receipt: str = "") -> list[dict[str, Any]]:
        """What Razorpay holds, past our own code; all of it, or under one name of ours."""
        return _named(self.razorpay.client().order.all({"count": 100})["items"], "receipt", receipt)

    def links(self, reference: str = "") -> list[dict[str, Any]]:
        return _named(self.razorpay.client().payment_link.all({})["payment_links"], "reference_id", reference)

    def payments(self, receipt: str = "") -> list[dict[str, Any]]:
        """All, or those of the order under one name of ours."""
        found: list[dict[str, Any]] = self.razorpay.client().payment.all({"count": 100})["items"]
        orders = {order["id"] for order in self.orders(receipt)} if receipt else None
        return [payment for payment in found if orders is None or payment["order_id"] in orders]

    def refunds(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.razorpay.client().refund.all({"count": 100})["items"]
        return found

    def registrations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.razorpay.client().invoice.all({"count": 100})["items"]
        return found


def _named(items: list[dict[str, Any]], key: str, name: str) -> list[dict[str, Any]]:
    return [item for item in items if not name or item[key] == name]


@contextmanager
def done_at_once() -> Iterator[None]:
    """What a sweep hands out is done in its place. A rule that says no, or Razorpay's trouble, ends one task only."""

    def run(task: Any, *arguments: str) -> None:
        with suppress(DomainError):
            task(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Task, "delay", run)
        yield
