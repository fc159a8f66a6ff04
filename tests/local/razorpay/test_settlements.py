"""What Razorpay pays out: T+2, less fees and refunds, with a report whose rows add up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from razorpay.errors import BadRequestError

from billing_platform.local.razorpay.mandate_rules import IST
from billing_platform.local.razorpay.working_days import settlement_time
from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver, wait_until
from tests.local.razorpay.mandates import give_mandate

DAY = 24 * 3600
NET = 100000 - 2360  # of a payment of ₹1,000


@pytest.fixture
def payment(sandbox: SandboxProcess, order: Any) -> dict[str, Any]:
    return sandbox.pay(order["id"], method="card")


def another(sandbox: SandboxProcess, client: Any, amount: int = 100000) -> dict[str, Any]:
    return sandbox.pay(client.order.create({"amount": amount, "currency": "INR"})["id"])


def report_of(client: Any, settlement: dict[str, Any], **params: int) -> list[dict[str, Any]]:
    day = datetime.fromtimestamp(settlement["created_at"], IST)
    report = client.settlement.report({"year": day.year, "month": f"{day.month:02}", "day": day.day} | params)
    items: list[dict[str, Any]] = report["items"]
    return items


def test_a_payment_is_settled_by_itself_two_working_days_later(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    client.payment.refund(payment["id"], {"amount": 10000})
    sandbox.control("clock", {"advance_seconds": 7 * DAY})
    wait_until(lambda: client.settlement.all()["count"])
    [settlement] = client.settlement.all()["items"]
    assert settlement == {
        "id": settlement["id"],
        "entity": "settlement",
        "amount": NET - 10000,
        "status": "processed",
        "fees": 0,
        "tax": 0,
        "utr": settlement["utr"],
        "created_at": settlement_time(payment["created_at"]),
    }
    assert client.settlement.fetch(settlement["id"]) == settlement
    event = receiver.wait_for(6)[5].event
    assert (event["event"], event["contains"]) == ("settlement.processed", ["settlement"])
    assert event["payload"]["settlement"]["entity"] == settlement


def test_the_rows_of_the_report_add_up_to_the_settlement(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    refund = client.payment.refund(payment["id"], {"amount": 40000})
    sandbox.control("adjustments", {"amount": -1012, "description": "test reason"})
    settlement = sandbox.control("settlements")
    rows = report_of(client, settlement)
    assert sum(row["credit"] - row["debit"] for row in rows) == settlement["amount"] == NET - 40000 - 1012
    paid, refunded, adjusted = rows
    assert paid | {"posted_at": None} == {
        "entity_id": payment["id"],
        "type": "payment",
        "debit": 0,
        "credit": NET,
        "amount": 100000,
        "currency": "INR",
        "fee": 2360,
        "tax": 360,
        "on_hold": False,
        "settled": True,
        "created_at": paid["created_at"],
        "settled_at": settlement["created_at"],
        "settlement_id": settlement["id"],
        "posted_at": None,
        "credit_type": "default",
        "description": None,
        "notes": [],
        "payment_id": None,
        "settlement_utr": settlement["utr"],
        "order_id": payment["order_id"],
        "order_receipt": "inv-1",
        "method": "card",
        "card_network": "Visa",
        "card_issuer": None,
        "card_type": "debit",
        "dispute_id": None,
    }
    assert (refunded["entity_id"], refunded["payment_id"]) == (refund["id"], payment["id"])
    assert (refunded["type"], refunded["debit"], refunded["fee"]) == ("refund", 40000, 0)
    assert adjusted["entity_id"].startswith("adj_")
    assert (adjusted["type"], adjusted["debit"], adjusted["settlement_utr"]) == ("adjustment", 1012, None)
    assert "credit_type" not in adjusted


def test_the_report_is_of_a_month_or_a_day_and_has_pages(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    another(sandbox, client)
    another(sandbox, client)
    settlement = sandbox.control("settlements")
    pages = [report_of(client, settlement, count=2, skip=skip) for skip in (0, 2)]
    assert [len(page) for page in pages] == [2, 1]
    day = datetime.fromtimestamp(settlement["created_at"], IST)
    assert client.settlement.report({"year": day.year, "month": day.month})["count"] == 3
    assert client.settlement.report({"year": day.year - 1, "month": day.month})["count"] == 0


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"year": 26, "month": 6}, "The year must be 4 digits"),
        ({"year": 2026, "month": 13}, "The month is not a valid month"),
        ({"year": 2026, "month": 6, "day": 111}, "The day must be between 1 and 2 digits"),
        ({"year": 2026, "month": 6, "count": 1001}, "The count may not be greater than 1000"),
        ({"year": 2026}, "The month field is required"),
    ],
)
def test_a_report_of_nothing_is_refused(client: Any, params: dict[str, int], text: str) -> None:
    with pytest.raises(BadRequestError, match=text):
        client.settlement.report(params)


def test_a_partial_settlement_leaves_the_rest_for_the_next(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    another(sandbox, client)
    first = sandbox.control("settlements", {"most": NET + 100})
    assert first["amount"] == NET
    assert sandbox.control("settlements", method="GET") == {"amount": NET, "count": 1}
    assert sandbox.control("settlements")["amount"] == NET


def test_a_failed_settlement_is_made_again(
    sandbox: SandboxProcess, client: Any, payment: Any, receiver: WebhookReceiver
) -> None:
    failed = sandbox.control("settlements", {"outcome": "failed"})
    assert (failed["status"], failed["utr"]) == ("failed", None)
    assert report_of(client, failed) == []
    assert sandbox.control("settlements")["amount"] == failed["amount"]
    receiver.wait_for(4)
    assert receiver.names[3:] == ["settlement.processed"]


def test_a_refund_that_fails_once_settled_comes_back(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    sandbox.control("settings", {"refund_outcome": "pending"})
    early, late = (client.payment.refund(payment["id"], {"amount": 10000}) for _ in range(2))
    sandbox.control(f"refunds/{early['id']}/fail")
    assert sandbox.control("settlements")["amount"] == NET - 10000  # the early one never happened
    sandbox.control(f"refunds/{late['id']}/fail")
    [row] = report_of(client, sandbox.control("settlements"), skip=2)
    assert (row["type"], row["credit"], late["id"] in row["description"]) == ("adjustment", 10000, True)


def test_a_bank_mandate_alone_brings_nothing_to_settle(sandbox: SandboxProcess, client: Any) -> None:
    give_mandate(sandbox, client, "emandate")
    assert sandbox.control("settlements", method="GET") == {"amount": 0, "count": 0}


def let_time_pass(sandbox: SandboxProcess, client: Any, seconds: int) -> None:
    """Until all that is due by then has happened: one unanswered payment fails in each of two rounds."""
    for step in (seconds, 3600):
        order = client.order.create({"amount": 100, "currency": "INR"})
        unanswered = sandbox.pay(order["id"], "pending")
        sandbox.control("clock", {"advance_seconds": step})
        wait_until(lambda payment=unanswered: client.payment.fetch(payment["id"])["status"] == "failed")


def test_a_balance_that_owes_is_not_settled(sandbox: SandboxProcess, client: Any, payment: Any) -> None:
    client.payment.refund(payment["id"])
    let_time_pass(sandbox, client, 7 * DAY)
    refused = sandbox.http.post(f"{sandbox.base_url}/_sim/settlements", timeout=5)
    assert "There is nothing to settle." in refused.text
    assert client.settlement.all()["count"] == 0
    another(sandbox, client)
    assert sandbox.control("settlements")["amount"] == NET - 2360


@pytest.mark.parametrize(
    ("captured", "settled"),
    [
        ("2026-08-03T23:30", "2026-08-05"),  # Monday
        ("2026-08-06T09:00", "2026-08-10"),  # Thursday
        ("2026-08-08T09:00", "2026-08-11"),  # Saturday
        ("2026-09-30T09:00", "2026-10-05"),  # Gandhi Jayanti is a Friday
    ],
)
def test_two_working_days(captured: str, settled: str) -> None:
    moment = int(datetime.fromisoformat(captured).replace(tzinfo=IST).timestamp())
    assert datetime.fromtimestamp(settlement_time(moment), IST).date().isoformat() == settled
