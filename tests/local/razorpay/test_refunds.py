"""Refunds and their idempotency keys, through the SDK."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from razorpay.errors import BadRequestError

from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver

KEY = "refund-key-1"


@pytest.fixture
def payment(sandbox: SandboxProcess, order: Any) -> dict[str, Any]:
    return sandbox.pay(order["id"])


def keyed(key: str = KEY) -> dict[str, str]:
    return {"X-Refund-Idempotency": key}


def test_a_partial_refund_keeps_the_payment_captured(client: Any, payment: Any) -> None:
    refund = client.payment.refund(payment["id"], {"amount": 40000, "notes": {"k": "v"}, "receipt": "rf-1"})
    assert refund == {
        "id": refund["id"],
        "entity": "refund",
        "amount": 40000,
        "currency": "INR",
        "payment_id": payment["id"],
        "notes": {"k": "v"},
        "receipt": "rf-1",
        "acquirer_data": refund["acquirer_data"],
        "created_at": refund["created_at"],
        "batch_id": None,
        "status": "processed",
        "speed_requested": "normal",
        "speed_processed": "normal",
    }
    after = client.payment.fetch(payment["id"])
    assert (after["status"], after["amount_refunded"], after["refund_status"]) == ("captured", 40000, "partial")
    assert (after["fee"], after["tax"]) == (2360, 360)  # the fee is not given back


def test_a_refund_without_amount_takes_the_rest(client: Any, payment: Any) -> None:
    client.payment.refund(payment["id"], {"amount": 40000})
    assert client.payment.refund(payment["id"])["amount"] == 60000
    after = client.payment.fetch(payment["id"])
    assert (after["status"], after["amount_refunded"], after["refund_status"]) == ("refunded", 100000, "full")
    assert client.order.fetch(payment["order_id"])["status"] == "paid"
    with pytest.raises(BadRequestError, match="The payment has been fully refunded already"):
        client.payment.refund(payment["id"])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"amount": 100001}, "The refund amount provided is greater than amount captured"),
        ({"amount": 99}, "The amount must be at least INR 1.00"),
        ({"amount": 500.5}, "The amount must be an integer."),
        ({"amount": 500, "speed": "warp"}, "The selected speed is invalid."),
        ({"amount": 500, "colour": "red"}, "colour is/are not required and should not be sent"),
    ],
)
def test_bad_refunds_are_refused(client: Any, payment: Any, data: dict[str, Any], text: str) -> None:
    with pytest.raises(BadRequestError, match=text):
        client.payment.refund(payment["id"], data)
    assert client.refund.all()["count"] == 0


def test_refunds_never_exceed_the_payment(client: Any, payment: Any) -> None:
    client.payment.refund(payment["id"], {"amount": 60000})
    with pytest.raises(BadRequestError, match="The total refund amount is greater than the refund payment amount"):
        client.payment.refund(payment["id"], {"amount": 40001})
    assert client.payment.fetch(payment["id"])["amount_refunded"] == 60000


def test_only_captured_and_recent_payments_are_refunded(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    other = client.order.create({"amount": 100, "currency": "INR"})
    authorized = sandbox.pay(other["id"], "authorize_only")
    with pytest.raises(BadRequestError, match="should be captured"):
        client.payment.refund(authorized["id"])
    sandbox.control("clock", {"advance_seconds": 184 * 24 * 3600})
    with pytest.raises(BadRequestError, match="more than 6 months old"):
        client.payment.refund(payment["id"])


def test_an_empty_balance_refuses_refunds(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    sandbox.control("settings", {"balance_empty": True})
    with pytest.raises(BadRequestError, match="does not have enough balance"):
        client.payment.refund(payment["id"])


def test_the_same_key_and_body_refund_once(client: Any, payment: Any) -> None:
    first = client.payment.refund(payment["id"], {"amount": 500}, headers=keyed())
    again = client.payment.refund(payment["id"], {"amount": 500}, headers=keyed())
    assert again == first
    assert client.payment.fetch(payment["id"])["amount_refunded"] == 500


def test_the_same_key_with_another_body_is_a_conflict(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    client.payment.refund(payment["id"], {"amount": 500}, headers=keyed())
    with pytest.raises(BadRequestError, match="Different request with the same idempotency key"):
        client.payment.refund(payment["id"], {"amount": 600}, headers=keyed())
    response = sandbox.http.post(
        f"{sandbox.base_url}/v1/payments/{payment['id']}/refund",
        json={"amount": 600},
        headers=keyed(),
        auth=(sandbox.key_id, sandbox.key_secret),
        timeout=5,
    )
    assert response.status_code == 409


def test_a_key_in_flight_is_a_conflict(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    sandbox.control("faults", [{"match": "POST /v1/payments/*/refund", "kind": "slow", "seconds": 2}])
    first = threading.Thread(
        target=lambda: sandbox.client().payment.refund(payment["id"], {"amount": 500}, headers=keyed())
    )
    first.start()
    first.join(0.7)
    with pytest.raises(BadRequestError, match="still in progress"):
        client.payment.refund(payment["id"], {"amount": 500}, headers=keyed())
    first.join()
    assert client.payment.refund(payment["id"], {"amount": 500}, headers=keyed())["amount"] == 500
    assert client.payment.fetch(payment["id"])["amount_refunded"] == 500


def test_a_refused_refund_frees_its_key(client: Any, payment: Any) -> None:
    with pytest.raises(BadRequestError, match="greater than amount captured"):
        client.payment.refund(payment["id"], {"amount": 100001}, headers=keyed())
    assert client.payment.refund(payment["id"], {"amount": 500}, headers=keyed())["status"] == "processed"


@pytest.mark.parametrize(
    ("key", "text"),
    [("short", "must be at least 10 characters long"), ("spaces are bad", "may only contain")],
)
def test_bad_keys_are_refused(client: Any, payment: Any, key: str, text: str) -> None:
    with pytest.raises(BadRequestError, match=text):
        client.payment.refund(payment["id"], {"amount": 500}, headers=keyed(key))


def test_refunds_are_created_fetched_listed_and_noted(client: Any, payment: Any) -> None:
    one = client.payment.refund(payment["id"], {"amount": 500})
    two = client.refund.create({"payment_id": payment["id"], "amount": 600})
    assert client.refund.fetch(one["id"]) == one
    assert client.payment.fetch_refund_id(payment["id"], two["id"]) == two
    assert client.payment.fetch_multiple_refund(payment["id"])["items"] == [two, one]
    assert client.refund.all()["items"] == [two, one]
    assert one["notes"] == []
    assert client.refund.edit(one["id"], {"notes": {"k": "v"}})["notes"] == {"k": "v"}


def test_a_pending_refund_can_fail_and_frees_the_money(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"refund_outcome": "pending"})
    refund = client.payment.refund(payment["id"])
    assert (refund["status"], refund["speed_processed"]) == ("pending", None)
    assert client.payment.fetch(payment["id"])["status"] == "refunded"
    assert sandbox.control(f"refunds/{refund['id']}/fail")["status"] == "failed"
    after = client.payment.fetch(payment["id"])
    assert (after["status"], after["amount_refunded"], after["refund_status"]) == ("captured", 0, None)
    receiver.wait_for(5)
    assert receiver.names[3:] == ["refund.created", "refund.failed"]
    assert receiver.requests[3].event["contains"] == ["refund", "payment"]


def test_a_pending_refund_is_processed_with_a_reference(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"refund_outcome": "pending"})
    refund = client.payment.refund(payment["id"], {"amount": 500})
    assert refund["acquirer_data"] == {"arn": None}
    done = sandbox.control(f"refunds/{refund['id']}/process")
    assert done["status"] == "processed"
    assert done["acquirer_data"]["arn"].isdigit()
    receiver.wait_for(5)
    assert receiver.names[3:] == ["refund.created", "refund.processed"]


def test_an_instant_refund_that_the_bank_cannot_do_at_once_goes_on_at_normal_speed(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"refund_outcome": "pending"})
    refund = client.payment.refund(payment["id"], {"amount": 500, "speed": "optimum"})
    assert refund["speed_processed"] is None
    slowed = sandbox.control(f"refunds/{refund['id']}/slow")
    assert (slowed["status"], slowed["speed_requested"], slowed["speed_processed"]) == ("pending", "optimum", "normal")
    receiver.wait_for(5)
    assert receiver.names[3:] == ["refund.created", "refund.speed_changed"]
    changed = receiver.requests[4].event
    assert "created_at" in changed["payload"]  # as in Razorpay's sample
    assert "created_at" not in changed
    assert sandbox.control(f"refunds/{refund['id']}/process")["speed_processed"] == "normal"


def test_a_refund_made_in_the_dashboard_is_known_by_its_webhook_only(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    refund = sandbox.control(f"payments/{payment['id']}/refund", {"amount": 40000})
    assert client.payment.fetch_multiple_refund(payment["id"])["items"] == [refund]
    receiver.wait_for(5)
    assert receiver.names[3:] == ["refund.created", "refund.processed"]
    assert receiver.requests[3].event["payload"]["refund"]["entity"]["id"] == refund["id"]
