"""The life of a payment, through the SDK and the control API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from razorpay.errors import BadRequestError

from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver, wait_until

INR = {"currency": "INR"}
ALREADY_PAID = "the order is already paid"


def manual_order(client: Any, amount: int = 100000) -> dict[str, Any]:
    order: dict[str, Any] = client.order.create({"amount": amount, "currency": "INR", "payment": {"capture": "manual"}})
    return order


def test_success_is_captured_at_once_with_its_fee(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"])
    assert client.payment.fetch(payment["id"]) == payment
    assert (payment["status"], payment["captured"]) == ("captured", True)
    assert (payment["fee"], payment["tax"]) == (2360, 360)
    assert (payment["amount"], payment["currency"], payment["order_id"]) == (100000, "INR", order["id"])
    assert (payment["method"], payment["vpa"]) == ("upi", "success@razorpay")
    assert set(payment["acquirer_data"]) == {"rrn", "upi_transaction_id"}
    assert payment["error_code"] is None
    paid = client.order.fetch(order["id"])
    assert (paid["status"], paid["amount_paid"], paid["amount_due"], paid["attempts"]) == ("paid", 100000, 0, 1)


def test_a_card_shows_only_when_asked_for(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"], method="card")
    assert payment["card_id"].startswith("card_")
    assert "card" not in client.payment.fetch(payment["id"])
    assert client.payment.fetch(payment["id"], {"expand[]": "card"})["card"]["last4"] == "1007"
    assert client.payment.fetchCardDetails(payment["id"])["id"] == payment["card_id"]


def test_a_failure_says_why_and_the_order_can_be_tried_again(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    failed = sandbox.pay(order["id"], "fail", reason="insufficient_fund")
    assert (failed["status"], failed["captured"], failed["fee"]) == ("failed", False, None)
    assert failed["error_code"] == "BAD_REQUEST_ERROR"
    assert (failed["error_reason"], failed["error_source"]) == ("insufficient_fund", "customer")
    assert client.order.fetch(order["id"])["status"] == "attempted"
    sandbox.pay(order["id"])
    tried_twice = client.order.fetch(order["id"])
    assert (tried_twice["status"], tried_twice["attempts"]) == ("paid", 2)


def test_a_manual_order_waits_for_capture(sandbox: SandboxProcess, client: Any) -> None:
    payment = sandbox.pay(manual_order(client)["id"])
    assert (payment["status"], payment["captured"], payment["fee"]) == ("authorized", False, None)
    captured = client.payment.capture(payment["id"], 100000, dict(INR))
    assert (captured["status"], captured["fee"]) == ("captured", 2360)
    assert client.order.fetch(payment["order_id"])["status"] == "paid"


def test_the_legacy_capture_flag_is_understood(sandbox: SandboxProcess, client: Any) -> None:
    order = client.order.create({"amount": 100, "currency": "INR", "payment_capture": "0"})
    assert sandbox.pay(order["id"])["status"] == "authorized"


def test_captures_are_refused_in_razorpays_words(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"], "authorize_only")
    refusals = [
        ("1000.50", dict(INR), "The amount must be an integer."),
        (99999, dict(INR), "Capture amount must be equal to the amount authorized"),
        (100000, {"currency": "USD"}, "The currency must match"),
        (100000, {}, "The currency field is required."),
        (None, dict(INR), "The amount field is required."),
    ]
    for amount, data, text in refusals:
        with pytest.raises(BadRequestError, match=text):
            client.payment.capture(payment["id"], amount, data)
    client.payment.capture(payment["id"], 100000, dict(INR))
    with pytest.raises(BadRequestError, match="This payment has already been captured"):
        client.payment.capture(payment["id"], 100000, dict(INR))


def test_a_failed_payment_cannot_be_captured(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    failed = sandbox.pay(order["id"], "fail")
    with pytest.raises(BadRequestError, match="authorized and not yet captured"):
        client.payment.capture(failed["id"], 100000, dict(INR))


def test_no_second_attempt_while_authorised_or_paid(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    url = f"{sandbox.base_url}/_sim/orders/{order['id']}/pay"
    payment = sandbox.pay(order["id"], "authorize_only")
    assert "already authorized" in sandbox.http.post(url, timeout=5).json()["error"]["description"]
    client.payment.capture(payment["id"], 100000, dict(INR))
    assert ALREADY_PAID in sandbox.http.post(url, timeout=5).json()["error"]["description"]
    assert client.order.fetch(order["id"])["attempts"] == 1


def test_failed_is_not_final(sandbox: SandboxProcess, client: Any, order: Any, receiver: WebhookReceiver) -> None:
    sandbox.control("settings", {"late_after_seconds": 0})
    failed = sandbox.pay(order["id"], "late")
    assert (failed["status"], failed["error_reason"]) == ("failed", "payment_timed_out")
    late = sandbox.control(f"payments/{failed['id']}/late_authorize")
    assert (late["id"], late["status"], late["error_code"]) == (failed["id"], "captured", None)
    assert client.order.fetch(order["id"])["status"] == "paid"
    receiver.wait_for(4)
    assert receiver.names == ["payment.failed", "payment.authorized", "payment.captured", "order.paid"]


def test_a_late_payment_arrives_by_itself(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    failed = sandbox.pay(order["id"], "late")
    sandbox.control("clock", {"advance_seconds": 15})
    wait_until(lambda: client.payment.fetch(failed["id"])["status"] == "captured")


def test_a_late_payment_of_a_paid_order_is_given_back(
    sandbox: SandboxProcess, client: Any, order: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"late_after_seconds": 0})
    late = sandbox.pay(order["id"], "late")
    sandbox.pay(order["id"])
    returned = sandbox.control(f"payments/{late['id']}/late_authorize")
    assert (returned["status"], returned["captured"]) == ("refunded", False)
    assert (returned["amount_refunded"], returned["refund_status"]) == (100000, "full")
    assert client.order.fetch(order["id"])["amount_paid"] == 100000
    receiver.wait_for(7)
    assert receiver.names[-3:] == ["payment.authorized", "refund.created", "refund.processed"]


def test_an_overpayment_can_be_provoked(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    sandbox.control("settings", {"allow_overpayment": True})
    assert sandbox.pay(order["id"])["status"] == "captured"
    assert sandbox.pay(order["id"])["status"] == "captured"
    captured = [item for item in client.order.payments(order["id"])["items"] if item["captured"]]
    assert len(captured) == 2
    assert client.order.fetch(order["id"])["amount_paid"] == 100000


def test_an_uncaptured_payment_is_refunded_after_five_days(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"], "authorize_only")
    sandbox.control("clock", {"advance_seconds": 7200 * 60 - 60})
    assert client.payment.fetch(payment["id"])["status"] == "authorized"
    sandbox.control("clock", {"advance_seconds": 60})
    wait_until(lambda: client.payment.fetch(payment["id"])["status"] == "refunded")


def test_an_unanswered_payment_fails_after_ten_minutes(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"], "pending")
    assert payment["status"] == "created"
    sandbox.control("clock", {"advance_seconds": 600})
    wait_until(lambda: client.payment.fetch(payment["id"])["status"] == "failed")


def test_payments_are_listed_and_their_notes_edited(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"])
    assert payment["notes"] == []
    assert client.payment.edit(payment["id"], {"notes": {"k": "v"}})["notes"] == {"k": "v"}
    assert [item["id"] for item in client.payment.all()["items"]] == [payment["id"]]


def test_a_foreign_payment_has_its_amount_in_rupees(sandbox: SandboxProcess, client: Any) -> None:
    order = client.order.create({"amount": 1000, "currency": "USD"})
    payment = sandbox.pay(order["id"])
    assert (payment["amount"], payment["base_amount"], payment["base_currency"]) == (1000, 85000, "INR")
    assert payment["international"] is True


def test_payers_at_once_pay_an_order_once(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    url = f"{sandbox.base_url}/_sim/orders/{order['id']}/pay"
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: requests.post(url, timeout=20).status_code, range(16)))
    assert sorted(codes) == [200] + [400] * 15
    assert client.order.payments(order["id"])["count"] == 1


def test_a_restart_keeps_all_data(tmp_path: Any) -> None:
    with SandboxProcess(tmp_path) as first:
        order = first.client().order.create({"amount": 100, "currency": "INR"})
        payment = first.pay(order["id"])
        first.stop(kill=True)
        first.start()
        assert first.client().payment.fetch(payment["id"]) == payment
