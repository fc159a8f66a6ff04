"""kill -9 of a worker between our row and the call, and between the call and our note of its answer.

Real processes. Whoever comes next finds the row, and by its name for the thing what Razorpay holds.
"""

from __future__ import annotations

from typing import Any

import pytest

from invoicing.models import Invoice
from organisations.models import Organisation
from payments.inbox.receiving import receive_webhook
from payments.models import InboundWebhook, Payment
from payments.services import collection
from tests import factories
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import issued_invoice
from tests.payments.matrix.audit import audit
from tests.payments.matrix.killing import AFTER, AT_THE_END, BEFORE, kill_a_worker
from tests.payments.matrix.operations import OPERATIONS
from tests.payments.matrix.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(razorpay: SandboxProcess, clock: Any) -> World:
    acme: Organisation = factories.organisation("Acme")
    return World(razorpay, clock, acme)


@pytest.mark.parametrize("at", [BEFORE, AFTER])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_worker_that_is_killed(world: World, name: str, at: str) -> None:
    operation = OPERATIONS[name](world)
    kill_a_worker(job=name, argument=operation.argument, call=operation.call, at=at)
    audit(world)
    world.jobs()  # its claim stands: nobody asks a second time meanwhile
    audit(world)
    operation.to_the_end()


def test_a_worker_that_is_killed_before_the_end_of_a_message(world: World) -> None:
    """What the message did is undone with it."""
    invoice = issued_invoice(world.acme)
    order = collection.ensure_order(invoice_id=invoice.pk)
    world.razorpay.pay(order.razorpay_order_id or "")
    captured = next(each for each in world.razorpay.deliveries() if each["event"] == "payment.captured")
    webhook = receive_webhook(
        body=captured["body"].encode(),
        signature=captured["headers"]["X-Razorpay-Signature"],
        event_id=captured["event_id"],
        headers={},
    )
    kill_a_worker(job="message", argument=str(webhook.pk), at=AT_THE_END)
    assert not Payment.objects.exists()
    assert InboundWebhook.objects.get().status == "processing"
    world.time_passes()
    assert InboundWebhook.objects.get().status == "processed"
    assert Invoice.objects.get().status == "paid"
    audit(world, at_rest=True)
