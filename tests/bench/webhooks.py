"""Bursts of Razorpay's messages: received over HTTP, then processed by workers, each once."""

from __future__ import annotations

import time

from tests.bench.billing import hear, processes, tell
from tests.bench.sample import AMOUNT_MINOR, ORDERS, order_number

SECRET = "bench-secret"
ADDRESS = "/api/v1/webhooks/razorpay"

_PROCESS = """
import django, sys
django.setup()
from payments.inbox.processing import process_due
print("ready", flush=True)
sys.stdin.readline()
while process_due(seconds=3600):
    pass
print("done", flush=True)
"""


def open_orders() -> None:
    """An invoice and an open order for each number that messages are about; once for each database."""
    from payments.models import PaymentOrder
    from tests import factories
    from tests.payments.language import issued_invoice, open_order

    if PaymentOrder.objects.filter(razorpay_order_id=f"order_{order_number(0).decode()}").exists():
        return
    organisation = factories.organisation("Webhooks")
    for number in range(ORDERS):
        order = open_order(issued_invoice(organisation), f"order_{order_number(number).decode()}")
        if order.amount_minor != AMOUNT_MINOR:
            raise RuntimeError(f"The messages name {AMOUNT_MINOR}, the order asks for {order.amount_minor}.")


def process(workers: int) -> float:
    """Messages a second, until none is due."""
    from payments.selectors import webhook_backlog

    waiting = webhook_backlog().pending
    with processes([_PROCESS] * workers) as started:
        begun = time.perf_counter()
        for process in started:
            tell(process, "go")
        for process in started:
            hear(process, "done")
        return waiting / (time.perf_counter() - begun)


def stored() -> int:
    """How many messages the inbox holds."""
    from payments.models import InboundWebhook

    return InboundWebhook.objects.count()


def check(expected: int) -> None:
    """Raises RuntimeError unless each message is stored and was applied once, and each payment counts once."""
    from django.db.models import Count, Sum

    from payments.models import InboundWebhook, Payment

    if stored() != expected:
        raise RuntimeError(f"{expected} messages were answered, and {stored()} are stored.")
    ended = set(InboundWebhook.objects.values_list("status", "attempts"))
    if ended != {("processed", 1)}:
        raise RuntimeError(f"Messages were not applied once: {ended}.")
    payments = Payment.objects.filter(kind="gateway")
    money = payments.aggregate(count=Count("pk", distinct=True), total=Sum("allocations__amount"))
    if money != {"count": ORDERS, "total": ORDERS * AMOUNT_MINOR // 100}:
        raise RuntimeError(f"{ORDERS} payments were reported, but there is {money}.")
