"""One payment, told about by everybody at once: the payer's browser, Razorpay's messages, and a question of ours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from billing_platform.lib import hmac_signatures
from invoicing.models import Invoice
from organisations.models import Notification
from payments.inbox.processing import process_webhook
from payments.inbox.receiving import receive_webhook
from payments.models import Payment, PaymentOrder
from payments.services import checkout, collection
from tests import factories
from tests.local.razorpay.harness import KEY_SECRET, SandboxProcess
from tests.payments.language import issued_invoice
from tests.payments.matrix.audit import audit
from tests.payments.matrix.world import World


def _of_an_order(world: World, invoice: Invoice) -> tuple[PaymentOrder, Callable[[], object]]:
    order = collection.ensure_order(invoice_id=invoice.pk)
    payment_id = world.razorpay.pay(order.razorpay_order_id or "")["id"]
    claims = {
        "razorpay_order_id": order.razorpay_order_id or "",
        "razorpay_payment_id": payment_id,
        "razorpay_signature": _signed(f"{order.razorpay_order_id}|{payment_id}"),
    }
    return order, lambda: checkout.verify_checkout(**claims)


def _of_a_link(world: World, invoice: Invoice) -> tuple[PaymentOrder, Callable[[], object]]:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    world.razorpay.http.get(link.short_url, timeout=5)
    [entity] = world.links(link.receipt)
    payment_id = world.razorpay.pay(entity["order_id"])["id"]
    signature = _signed(f"{link.razorpay_link_id}|{link.receipt}|paid|{payment_id}")
    return link, lambda: checkout.verify_link(
        order_id=link.pk, status="paid", razorpay_payment_id=payment_id, razorpay_signature=signature
    )


def _signed(text: str) -> str:
    return hmac_signatures.sign(text.encode(), KEY_SECRET)


def _reads(delivery: dict[str, Any]) -> Callable[[], object]:
    def read() -> None:
        webhook = receive_webhook(
            body=delivery["body"].encode(),
            signature=delivery["headers"]["X-Razorpay-Signature"],
            event_id=delivery["event_id"],
            headers={},
        )
        process_webhook(webhook_id=webhook.pk)

    return read


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [_of_an_order, _of_a_link])
def test_twenty_reports_at_once_of_one_payment_credit_it_once(
    razorpay: SandboxProcess, clock: Any, way: Callable[..., tuple[PaymentOrder, Callable[[], object]]]
) -> None:
    world = World(razorpay, clock, factories.organisation("Acme"))
    invoice = issued_invoice(world.acme)
    order, verify = way(world, invoice)
    messages = [_reads(delivery) for delivery in razorpay.deliveries()]
    reports = [verify, *messages, lambda: checkout.refresh_order(order_id=order.pk)]
    start, failed = threading.Barrier(20), []

    def report(number: int) -> None:
        try:
            start.wait(30)
            reports[number % len(reports)]()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=report, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    world.time_passes()
    payment = Payment.objects.get()
    assert (payment.allocated, payment.problem) == (1180, "")
    assert list(payment.allocations.values_list("kind", "amount")) == [("credit", 1180)]
    assert Notification.objects.filter(kind="payment_received").count() == 1
    audit(world, at_rest=True)
