"""Debits of mandates: `payments/create/recurring`, the bank's answer a day later, and the limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from razorpay.errors import BadRequestError

from billing_platform.local.razorpay import mandate_rules
from billing_platform.local.razorpay.mandate_rules import IST
from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver, wait_until
from tests.local.razorpay.mandates import DAY, HOUR, ask_for_mandate, charge, debit, give_mandate


@pytest.fixture
def token(sandbox: SandboxProcess, client: Any) -> dict[str, Any]:
    return give_mandate(sandbox, client)


def status(client: Any, payment: dict[str, Any]) -> str:
    return str(client.payment.fetch(payment["id"])["status"])


def end(sandbox: SandboxProcess, payment: dict[str, Any], **options: str) -> dict[str, Any]:
    ended: dict[str, Any] = sandbox.control(f"payments/{payment['id']}/debit", options)
    return ended


def test_a_debit_is_captured_only_when_its_time_has_come(
    sandbox: SandboxProcess, client: Any, token: Any, receiver: WebhookReceiver
) -> None:
    order = client.order.create({"amount": 500000, "currency": "INR", "payment_capture": True})
    answer = client.payment.createRecurring(charge(token, order))
    assert set(answer) == {"razorpay_payment_id"}  # no outcome
    payment = client.payment.fetch(answer["razorpay_payment_id"])
    assert (payment["status"], payment["token_id"], payment["fee"]) == ("created", token["id"], None)
    sandbox.control("clock", {"advance_seconds": 20 * HOUR})
    assert status(client, payment) == "created"
    sandbox.control("clock", {"advance_seconds": 10 * HOUR})  # 25 h and the busy hours of UPI
    wait_until(lambda: status(client, payment) == "captured")
    assert client.order.fetch(order["id"])["status"] == "paid"
    receiver.wait_for(7)
    assert receiver.names[4:] == ["payment.authorized", "payment.captured", "order.paid"]


def test_cards_answer_like_a_checkout(sandbox: SandboxProcess, client: Any) -> None:
    token = give_mandate(sandbox, client, "card")
    order = client.order.create({"amount": 500000, "currency": "INR"})
    answer = client.payment.createRecurring(charge(token, order))
    assert client.utility.verify_payment_signature(answer)
    assert status(client, {"id": answer["razorpay_payment_id"]}) == "created"


def test_a_bank_refuses_with_a_reason(
    sandbox: SandboxProcess, client: Any, token: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control(
        "settings", {"recurring_outcome": "failed", "recurring_reason": "debit_declined", "recurring_after_seconds": 0}
    )
    payment = debit(client, token)
    wait_until(lambda: status(client, payment) == "failed")
    failed = client.payment.fetch(payment["id"])
    assert (failed["error_reason"], failed["error_source"]) == ("debit_declined", "bank")
    receiver.wait_for(5)
    assert receiver.names[4:] == ["payment.failed"]


@pytest.mark.parametrize(("verb", "reason"), [("pause", "mandate_paused"), ("cancel", "mandate_cancelled")])
def test_a_mandate_that_ended_since_refuses_its_debit(
    sandbox: SandboxProcess, client: Any, token: Any, verb: str, reason: str
) -> None:
    payment = debit(client, token)
    sandbox.control(f"tokens/{token['id']}/{verb}")
    assert end(sandbox, payment, outcome="captured")["error_reason"] == reason


def test_an_expired_mandate_refuses(sandbox: SandboxProcess, client: Any) -> None:
    now = sandbox.control("health", method="GET")["now"]
    token = give_mandate(sandbox, client, expire_at=now + HOUR)
    payment = debit(client, token)
    sandbox.control("clock", {"advance_seconds": 2 * HOUR})
    assert end(sandbox, payment)["error_reason"] == "mandate_expired"


def test_a_monthly_mandate_pays_once_a_month(sandbox: SandboxProcess, client: Any) -> None:
    token = give_mandate(sandbox, client, frequency="monthly")
    assert end(sandbox, debit(client, token))["status"] == "captured"
    again = end(sandbox, debit(client, token))
    assert (again["status"], again["error_reason"]) == ("failed", "mandate_current_cycle_allowed_debit_exceeds")
    sandbox.control("clock", {"advance_seconds": 31 * DAY})
    assert end(sandbox, debit(client, token))["status"] == "captured"


@pytest.mark.parametrize("method", ["upi", "card"])
def test_above_15000_rupees_the_payer_approves(sandbox: SandboxProcess, client: Any, method: str) -> None:
    token = give_mandate(sandbox, client, method)
    approved, ignored = debit(client, token, 1500100), debit(client, token, 1500100)
    assert sandbox.control(f"payments/{approved['id']}/approve")["status"] == "captured"
    sandbox.control("clock", {"advance_seconds": 71 * HOUR})
    assert status(client, ignored) == "created"
    sandbox.control("clock", {"advance_seconds": HOUR})
    wait_until(lambda: status(client, ignored) == "failed")
    assert client.payment.fetch(ignored["id"])["error_reason"] == "payment_timed_out"


def test_a_bank_account_needs_no_approval(sandbox: SandboxProcess, client: Any) -> None:
    payment = debit(client, give_mandate(sandbox, client, "emandate"), 1500100)
    assert end(sandbox, payment)["status"] == "captured"


def test_a_debit_that_nobody_captures_stays_authorised(sandbox: SandboxProcess, client: Any, token: Any) -> None:
    assert end(sandbox, debit(client, token, payment_capture=False))["status"] == "authorized"


def test_the_notice_comes_with_the_order_and_dates_the_debit(
    sandbox: SandboxProcess, client: Any, token: Any, receiver: WebhookReceiver
) -> None:
    now = sandbox.control("health", method="GET")["now"]
    notification = {"token_id": token["id"], "payment_after": now + 3 * DAY}
    order = client.order.create({"amount": 500000, "currency": "INR", "notification": notification})
    shown = order["notification"]
    assert shown["id"].startswith("notification_")
    assert (shown["status"], shown["payment_after"]) == ("delivered", now + 3 * DAY)
    event = receiver.wait_for(5)[4].event
    assert event["event"] == "order.notification.delivered"
    assert "created_at" not in event  # Razorpay puts it inside the payload
    assert event["payload"]["notification"]["entity"]["order_id"] == order["id"]
    payment = client.payment.createRecurring(charge(token, order))
    sandbox.control("clock", {"advance_seconds": 2 * DAY})
    assert status(client, {"id": payment["razorpay_payment_id"]}) == "created"
    sandbox.control("clock", {"advance_seconds": 2 * DAY})
    wait_until(lambda: status(client, {"id": payment["razorpay_payment_id"]}) == "captured")


def test_without_a_delivered_notice_nothing_is_debited(sandbox: SandboxProcess, client: Any, token: Any) -> None:
    sandbox.control("settings", {"notification_outcome": "failed"})
    notification = {"token_id": token["id"]}
    order = client.order.create({"amount": 500000, "currency": "INR", "notification": notification})
    with pytest.raises(BadRequestError, match="notification of this order was not delivered"):
        client.payment.createRecurring(charge(token, order))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"amount": 499999}, "different from your order amount"),
        ({"recurring": False}, "The recurring field must be true."),
        ({"token": "token_AAAAAAAAAAAAAA"}, "The id provided does not exist"),
        ({"email": ""}, "The email field is required."),
    ],
)
def test_bad_debits_are_refused(client: Any, token: Any, changes: dict[str, Any], text: str) -> None:
    order = client.order.create({"amount": 500000, "currency": "INR"})
    with pytest.raises(BadRequestError, match=text):
        client.payment.createRecurring(charge(token, order) | changes)
    assert client.order.payments(order["id"])["count"] == 0


def test_no_more_than_the_mandate_allows(client: Any, token: Any) -> None:
    order = client.order.create({"amount": 2000001, "currency": "INR"})
    with pytest.raises(BadRequestError, match="Amount exceeds maximum amount allowed"):
        client.payment.createRecurring(charge(token, order))


def test_one_debit_of_an_order_at_a_time(sandbox: SandboxProcess, client: Any, token: Any) -> None:
    order = client.order.create({"amount": 500000, "currency": "INR"})
    first = client.payment.createRecurring(charge(token, order))["razorpay_payment_id"]
    with pytest.raises(BadRequestError, match="still in progress"):
        client.payment.createRecurring(charge(token, order))
    assert end(sandbox, {"id": first}, outcome="failed")["error_reason"] == "insufficient_funds"
    second = client.payment.createRecurring(charge(token, order))["razorpay_payment_id"]
    assert end(sandbox, {"id": second}, outcome="captured")["status"] == "captured"
    with pytest.raises(BadRequestError, match="already paid"):
        client.payment.createRecurring(charge(token, order))


def test_a_rejected_mandate_cannot_be_charged(sandbox: SandboxProcess, client: Any) -> None:
    payment = sandbox.pay(ask_for_mandate(client)["id"], "fail")
    token = {"id": payment["token_id"], "customer_id": payment["customer_id"]}
    order = client.order.create({"amount": 500000, "currency": "INR"})
    with pytest.raises(BadRequestError, match="The id provided does not exist"):
        client.payment.createRecurring(charge(token, order))


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=IST).timestamp())


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ("2026-08-03T09:59", "2026-08-03T09:59"),
        ("2026-08-03T10:00", "2026-08-03T13:00"),
        ("2026-08-03T16:59", "2026-08-03T16:59"),
        ("2026-08-03T17:00", "2026-08-03T21:30"),
        ("2026-08-03T23:00", "2026-08-03T23:00"),
    ],
)
def test_upi_debits_avoid_the_busy_hours(asked: str, runs: str) -> None:
    assert mandate_rules.outside_busy_hours(moment(asked)) == moment(runs)


def test_no_debit_within_a_day_of_its_notice() -> None:
    notified = moment("2026-08-03T08:00")
    assert mandate_rules.debit_time("card", notified, notified + HOUR) == notified + DAY
    assert mandate_rules.debit_time("card", notified, None) == notified + 36 * HOUR + 300


@pytest.mark.parametrize(
    ("frequency", "one", "other", "same"),
    [
        ("daily", "2026-08-03T00:00", "2026-08-03T23:59", True),
        ("weekly", "2026-08-03T00:00", "2026-08-09T23:59", True),
        ("weekly", "2026-08-09T00:00", "2026-08-10T00:00", False),
        ("monthly", "2026-08-01T00:00", "2026-08-31T23:59", True),
        ("monthly", "2026-08-31T23:59", "2026-09-01T00:00", False),
        ("quarterly", "2026-07-01T00:00", "2026-09-30T23:59", True),
        ("yearly", "2026-01-01T00:00", "2027-01-01T00:00", False),
    ],
)
def test_cycles_of_a_mandate(frequency: str, one: str, other: str, same: bool) -> None:
    cycles = (mandate_rules.cycle(frequency, moment(text)) for text in (one, other))
    assert (len(set(cycles)) == 1) is same
