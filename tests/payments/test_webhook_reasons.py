"""What operators read of messages that lead to nothing, and of those that were given up."""

from __future__ import annotations

from typing import Any

import pytest

from invoicing.models import Invoice
from organisations.models import Notification
from payments.inbox import processing
from payments.inbox.not_handled import why_not_handled
from payments.models import InboundWebhook
from tests.local.razorpay.harness import WEBHOOK_SECRET
from tests.payments.language import deliver, open_order, payment_entity


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]


def test_each_type_without_a_verb_says_why() -> None:
    down = {"payment.downtime": {"entity": {"method": "upi", "severity": "high"}}}
    assert why_not_handled("payment.downtime.started", down).startswith("Razorpay: upi is down (severity high).")
    assert why_not_handled("payment.downtime.resolved", down) == "Razorpay: upi works again."
    assert "Smart Collect" in why_not_handled("virtual_account.credited", {})
    assert "not used here" in why_not_handled("invoice.paid", {})
    assert "unknown" in why_not_handled("moon.landed", {})


def test_a_message_that_is_given_up_is_mailed_once_and_many_are_tried_again(
    invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InboundWebhook, "max_attempts", 1)
    monkeypatch.setattr(processing.handlers, "read", _stumble)
    order = open_order(invoice)
    rows = [
        deliver("payment.captured", {"payment": payment_entity(order, "captured")}, f"evt_{number}")
        for number in range(2)
    ]
    assert {row.status for row in rows} == {"failed"}
    [first, _second] = Notification.objects.filter(kind="webhook_failed").order_by("created_at")
    assert first.recipients == [invoice.billing_entity.email]
    assert "stumbled" in first.text
    assert processing.try_each_now(webhook_ids=[row.pk for row in rows]) == 2
    assert processing.try_each_now(webhook_ids=[row.pk for row in rows]) == 0
    monkeypatch.undo()
    assert processing.process_webhook(webhook_id=rows[0].pk)


def _stumble(*_: object) -> object:
    raise RuntimeError("stumbled")
