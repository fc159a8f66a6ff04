"""What operators read of messages that lead to nothing, and of those that were given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from billing_platform.backoffice import attention
from invoicing.models import Invoice
from organisations.models import Notification
from payments.inbox import processing
from payments.inbox.not_handled import why_not_handled
from payments.models import InboundWebhook
from tests.local.razorpay.harness import WEBHOOK_SECRET
from tests.payments.language import CREATED_AT as NOW
from tests.payments.language import deliver, open_order, payment_entity, receive


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]


def test_each_type_without_a_verb_says_why() -> None:
    assert "Smart Collect" in why_not_handled("virtual_account.credited")
    assert "not used here" in why_not_handled("invoice.paid")
    assert "unknown" in why_not_handled("moon.landed")


def test_messages_that_are_given_up_are_one_mail_and_are_tried_again_together(
    invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InboundWebhook, "max_attempts", 1)
    monkeypatch.setattr(processing.handlers, "read", _stumble)
    payload = {"payment": payment_entity(open_order(invoice), "captured")}
    rows = [deliver("payment.captured", payload, f"evt_{number}") for number in range(2)]
    assert {row.status for row in rows} == {"failed"}
    for _ in range(2):
        assert processing.process_due() == 0
    mail = Notification.objects.get(kind="webhook_failed")
    assert mail.recipients == [invoice.billing_entity.email]
    assert mail.subject == "2 messages of Razorpay could not be processed"
    assert "stumbled" in mail.text
    assert processing.try_each_now(webhook_ids=[row.pk for row in rows]) == 2
    assert processing.try_each_now(webhook_ids=[row.pk for row in rows]) == 0
    monkeypatch.undo()
    assert processing.process_due() == 2


def test_a_message_whose_workers_all_died_is_mailed_too(invoice: Invoice) -> None:
    receive("payment.captured", {"payment": payment_entity(open_order(invoice), "captured")})
    InboundWebhook.objects.update(attempts=InboundWebhook.max_attempts, status="processing")
    assert processing.process_due() == 0
    assert InboundWebhook.objects.get().status == "failed"
    assert "worker" in Notification.objects.get(kind="webhook_failed").text


def _downtime(status: str, *, minute: int, way: str = "upi", **changes: Any) -> dict[str, Any]:
    begin = int(NOW.timestamp())
    entity = {"id": f"down_{way}", "entity": "payment.downtime", "method": way, "status": status, "severity": "high"}
    times = {"begin": begin, "end": None, "created_at": begin, "updated_at": begin + 60 * minute}
    return {"payment.downtime": entity | times | changes}


def test_the_dashboard_names_the_ways_to_pay_that_are_down_while_they_are(db: None, admin_user: Any) -> None:
    lasting = InboundWebhook.objects.lasting_downtimes
    with time_machine.travel(NOW + timedelta(minutes=10), tick=False):
        started = deliver("payment.downtime.started", _downtime("started", minute=0), "evt_1")
        bank = {"instrument": {"bank": "HDFC"}}
        deliver("payment.downtime.started", _downtime("started", minute=0, way="netbanking", **bank), "evt_2")
        assert started.outcome == "Razorpay: payments by UPI may fail for now (severity high)."
        assert (started.status, lasting().count()) == ("processed", 2)
        line = next(item for item in attention.of(admin_user).technical if item.kind == "downtime")
        assert (line.count, line.label) == (2, "ways to pay are down at Razorpay")
        assert line.facts == (
            "UPI since 21 Nov 2026, 06:30 UTC",
            "net banking (HDFC) since 21 Nov 2026, 06:30 UTC",
        )
        deliver("payment.downtime.resolved", _downtime("resolved", minute=5), "evt_3")
        deliver("payment.downtime.updated", _downtime("started", minute=2), "evt_4")  # late
        assert [row.event_id for row in lasting()] == ["evt_2"]
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert not lasting().exists()  # the message that it is over was lost


def _stumble(*_: object) -> object:
    raise RuntimeError("stumbled")
