"""Webhooks as a merchant's server receives them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

import pytest

from billing_platform.local.razorpay import signatures
from tests.local.razorpay.harness import (
    WEBHOOK_SECRET,
    Received,
    SandboxProcess,
    WebhookReceiver,
    wait_until,
)

PAID = ["payment.authorized", "payment.captured", "order.paid"]
DAY = 24 * 3600


def is_signed(received: Received, secret: str = WEBHOOK_SECRET) -> bool:
    return received.headers["x-razorpay-signature"] == signatures.sign_webhook(received.body, secret)


def test_a_payment_is_announced_in_order_and_signed(
    sandbox: SandboxProcess, client: Any, order: Any, receiver: WebhookReceiver
) -> None:
    payment = sandbox.pay(order["id"])
    receiver.wait_for(3)
    assert receiver.names == PAID
    for received in receiver.requests:
        assert is_signed(received)
        assert client.utility.verify_webhook_signature(
            received.body.decode(), received.headers["x-razorpay-signature"], WEBHOOK_SECRET
        )
    assert len({received.event_id for received in receiver.requests}) == 3
    authorized, captured, paid = (received.event for received in receiver.requests)
    assert set(captured) == {"entity", "account_id", "event", "contains", "payload", "created_at"}
    assert captured["entity"] == "event"
    assert captured["contains"] == ["payment"]
    assert captured["payload"]["payment"]["entity"] == payment
    assert authorized["payload"]["payment"]["entity"]["status"] == "authorized"  # a snapshot
    assert paid["contains"] == ["payment", "order"]
    assert paid["payload"]["order"]["entity"]["status"] == "paid"


def test_the_bytes_matter(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.pay(order["id"])
    received = receiver.wait_for(1)[0]
    assert not is_signed(Received(received.headers, received.body.replace(b"100000", b"100001")))
    assert not is_signed(received, "another secret")


def test_a_failed_payment_is_announced_with_its_reason(
    sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver
) -> None:
    sandbox.pay(order["id"], "fail", method="card")
    received = receiver.wait_for(1)[0]
    entity = received.event["payload"]["payment"]["entity"]
    assert received.name == "payment.failed"
    assert (entity["status"], entity["error_reason"]) == ("failed", "card_declined")
    assert entity["captured"] is True  # Razorpay's slip in card events: only `status` counts
    assert entity["card"]["last4"] == "1007"


def test_fees_can_be_missing_from_webhooks(
    sandbox: SandboxProcess, client: Any, order: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"hide_fees_in_webhooks": True})
    payment = sandbox.pay(order["id"])
    captured = receiver.wait_for(2)[1].event["payload"]["payment"]["entity"]
    assert (captured["fee"], captured["tax"]) == (None, None)
    assert client.payment.fetch(payment["id"])["fee"] == 2360


@pytest.mark.parametrize("status", [500, 302, 404])
def test_a_refused_event_is_sent_again_with_the_same_id_and_bytes(
    sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver, status: int
) -> None:
    receiver.status = status
    sandbox.pay(order["id"], "fail")
    first = receiver.wait_for(1)[0]
    wait_until(lambda: sandbox.deliveries()[0]["attempts"])
    receiver.status = 200
    sandbox.control("clock", {"advance_seconds": 15})
    second = receiver.wait_for(2)[1]
    assert (second.event_id, second.body) == (first.event_id, first.body)
    wait_until(lambda: sandbox.deliveries()[0]["status"] == "delivered")
    assert [attempt["status"] for attempt in sandbox.deliveries()[0]["attempts"]] == [status, 200]


def test_pauses_between_attempts_grow(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    receiver.status = 500
    sandbox.pay(order["id"], "fail")
    pauses = []
    for attempts in (1, 2, 3, 4):
        wait_until(lambda wanted=attempts: len(sandbox.deliveries()[0]["attempts"]) == wanted)
        delivery = sandbox.deliveries()[0]
        pauses.append(delivery["due_at"] - delivery["attempts"][-1]["at"])
        sandbox.control("clock", {"advance_seconds": pauses[-1]})
    assert pauses == [15, 30, 60, 120]


def test_no_answer_within_five_seconds_is_a_failure(
    sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver
) -> None:
    receiver.pause = 6
    sandbox.pay(order["id"], "fail")
    attempt = wait_until(lambda: sandbox.deliveries()[0]["attempts"])[0]
    assert attempt["status"] is None
    assert "ReadTimeout" in attempt["error"]
    assert sandbox.deliveries()[0]["status"] == "pending"


def test_a_day_of_failures_disables_the_endpoint(
    sandbox: SandboxProcess, client: Any, order: Any, receiver: WebhookReceiver
) -> None:
    receiver.status = 500
    sandbox.pay(order["id"], "fail")
    wait_until(lambda: sandbox.deliveries()[0]["attempts"])
    sandbox.control("clock", {"advance_seconds": DAY})
    wait_until(lambda: sandbox.deliveries()[0]["status"] == "given_up")
    assert sandbox.control("settings", method="GET")["webhook_enabled"] is False
    receiver.clear()
    sandbox.pay(order["id"])
    assert {item["status"] for item in sandbox.deliveries()[1:]} == {"not_sent"}
    assert receiver.requests == []
    sandbox.control("settings", {"webhook_enabled": True})
    sandbox.pay(client.order.create({"amount": 100, "currency": "INR"})["id"])
    receiver.wait_for(3)
    assert receiver.names == PAID


def test_duplicates_share_their_event_id(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.control("settings", {"duplicate": 1})
    sandbox.pay(order["id"])
    receiver.wait_for(6)
    assert Counter(receiver.names) == dict.fromkeys(PAID, 2)
    assert set(Counter(received.event_id for received in receiver.requests).values()) == {2}


def test_events_can_arrive_in_the_wrong_order(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.control("settings", {"reorder": True})
    sandbox.pay(order["id"])
    receiver.wait_for(3)
    assert receiver.names == PAID[::-1]


def test_events_can_be_delayed(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.control("settings", {"delay_seconds": 3600})
    sandbox.pay(order["id"])
    sandbox.control("clock", {"advance_seconds": 3500})
    assert {item["status"] for item in sandbox.deliveries()} == {"pending"}
    assert receiver.requests == []
    sandbox.control("clock", {"advance_seconds": 100})
    receiver.wait_for(3)


def test_one_event_can_be_sent_again_on_demand(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.pay(order["id"])
    wait_until(lambda: all(item["status"] == "delivered" for item in sandbox.deliveries()))
    shown = sandbox.deliveries()[1]
    again = sandbox.control(f"webhooks/{shown['id']}/redeliver")
    assert len(again["attempts"]) == 2
    replayed = receiver.wait_for(4)[3]
    assert replayed.event_id == receiver.requests[1].event_id == shown["event_id"]
    assert replayed.body.decode() == shown["body"]
    assert shown["headers"]["X-Razorpay-Signature"] == replayed.headers["x-razorpay-signature"]


def test_events_are_held_until_they_are_released_in_any_order(
    sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"hold_webhooks": True})
    sandbox.pay(order["id"])
    sandbox.control("clock", {"advance_seconds": 3600})
    assert {item["status"] for item in sandbox.deliveries()} == {"pending"}
    released = sandbox.control("webhooks/release", {"order": "newest"})["items"]
    assert [item["status"] for item in released] == ["delivered"] * 3
    assert receiver.names == PAID[::-1]


def test_one_event_can_be_sent_several_times(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.control("settings", {"hold_webhooks": True})
    sandbox.pay(order["id"], "fail")
    sent = sandbox.control(f"webhooks/{sandbox.deliveries()[0]['id']}/redeliver", {"copies": 3})
    assert (sent["status"], len(sent["attempts"])) == ("delivered", 3)
    assert len({received.event_id for received in receiver.requests}) == 1


@pytest.mark.parametrize("signature", ["wrong", "missing"])
def test_a_forgery_changes_nothing_about_the_true_delivery(
    sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver, signature: str
) -> None:
    sandbox.control("settings", {"hold_webhooks": True})
    sandbox.pay(order["id"], "fail")
    delivery = sandbox.deliveries()[0]
    sent = sandbox.control(f"webhooks/{delivery['id']}/redeliver?signature={signature}")
    forged = receiver.wait_for(1)[0]
    assert forged.headers.get("x-razorpay-signature") != delivery["headers"]["X-Razorpay-Signature"]
    assert ("x-razorpay-signature" in forged.headers) is (signature == "wrong")
    assert (sent["status"], sent["attempts"][0]["signature"]) == ("pending", signature)


def test_old_events_keep_the_old_secret(
    sandbox: SandboxProcess, client: Any, order: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"delay_seconds": 3600})
    sandbox.pay(order["id"], "fail")
    sandbox.control("settings", {"webhook_secret": "rotated", "delay_seconds": 0})
    sandbox.pay(order["id"], "fail")
    new = receiver.wait_for(1)[0]
    sandbox.control("clock", {"advance_seconds": 3600})
    old = receiver.wait_for(2)[1]
    assert is_signed(new, "rotated")
    assert is_signed(old, WEBHOOK_SECRET)


def test_without_a_secret_nothing_is_signed(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.control("settings", {"webhook_secret": ""})
    sandbox.pay(order["id"], "fail")
    assert "x-razorpay-signature" not in receiver.wait_for(1)[0].headers


def test_undelivered_events_survive_a_crash(tmp_path: Any) -> None:
    receiver = WebhookReceiver(status=500)
    with SandboxProcess(tmp_path, webhook_url=receiver.url) as process:
        process.control("settings", {"retry_base_seconds": 1})
        order = process.client().order.create({"amount": 100, "currency": "INR"})
        process.pay(order["id"], "fail")
        first = receiver.wait_for(1)[0]
        process.stop(kill=True)
        receiver.status = 200
        process.start()
        second = receiver.wait_for(2)[-1]
        assert second.event_id == first.event_id
    receiver.close()


def test_a_day_switched_off_does_not_disable_the_endpoint(tmp_path: Any) -> None:
    receiver = WebhookReceiver(status=500)
    with SandboxProcess(tmp_path, webhook_url=receiver.url) as process:
        process.control("settings", {"retry_base_seconds": 1})
        order = process.client().order.create({"amount": 100, "currency": "INR"})
        process.control("settings", {"delay_seconds": 60})
        process.pay(order["id"], "fail")
        process.stop()
        with sqlite3.connect(tmp_path / "sandbox.sqlite3") as database:
            database.execute("UPDATE razorpay_sandbox_state SET clock_offset = ?", [2 * DAY])
        process.start()
        wait_until(lambda: process.deliveries()[0]["status"] == "given_up")
        assert process.control("settings", method="GET")["webhook_enabled"] is True
    receiver.close()
