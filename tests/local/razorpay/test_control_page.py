"""The control page: its buttons do what the control API does, and say so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver
from tests.local.razorpay.mandates import ask_for_mandate, debit, give_mandate

PAGES = ("payments", "mandates", "webhooks", "balance", "faults")


def press(sandbox: SandboxProcess, verb: str, page: str = "payments", **fields: Any) -> str:
    """The page after the button."""
    form = {"verb": verb, "page": page, **fields}
    response = sandbox.http.post(f"{sandbox.base_url}/control/press", data=form, timeout=10)
    assert response.url.startswith(f"{sandbox.base_url}/control/{page}?")
    return str(response.text)


def test_every_page_shows_a_sandbox_full_of_things(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    sandbox.control("settings", {"refund_outcome": "pending", "recurring_after_seconds": 3600})
    payment = sandbox.pay(order["id"])
    client.payment.refund(payment["id"], {"amount": 1000})
    dispute = sandbox.control(f"payments/{payment['id']}/dispute")
    token = give_mandate(sandbox, client)
    charged = debit(client, token)
    settlement = sandbox.control("settlements")
    shown = {
        "payments": (payment["id"], charged["id"], "Bank pays now", "Dashboard refund", "Process"),
        "mandates": (token["id"], "Payer pauses", "₹20,000.00"),
        "webhooks": ("payment.dispute.created", "Wrongly signed"),
        "balance": (settlement["id"], dispute["id"], settlement["utr"]),
        "faults": ("drop_after_commit", "Refunds end"),
    }
    for page in PAGES:
        text = sandbox.http.get(f"{sandbox.base_url}/control/{page}", timeout=5).text
        for words in shown[page]:
            assert words in text
    found = sandbox.http.get(f"{sandbox.base_url}/control/payments", params={"q": "inv-1"}, timeout=5).text
    assert payment["id"] in found
    assert charged["id"] not in found


def test_a_refund_of_the_dashboard_is_typed_in_rupees(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"])
    assert "₹12.50 of" in press(sandbox, "refund", id=payment["id"], amount="12.50")
    assert "The amount has too many decimals." in press(sandbox, "refund", id=payment["id"], amount="1.234")
    assert "greater than the refund payment amount" in press(sandbox, "refund", id=payment["id"], amount="999")
    assert client.payment.fetch(payment["id"])["amount_refunded"] == 1250
    press(sandbox, "dispute", id=payment["id"], amount="10")
    [dispute] = client.dispute.all()["items"]
    assert dispute["amount"] == 1000
    press(sandbox, "dispute_win", page="balance", id=dispute["id"])
    assert client.dispute.fetch(dispute["id"])["status"] == "won"


def test_the_merchant_is_told_of_ways_to_pay_that_are_down(sandbox: SandboxProcess, receiver: WebhookReceiver) -> None:
    assert "told that upi is down" in press(sandbox, "downtime", page="webhooks", method="upi", status="started")
    sandbox.control("downtimes/upi/resolved", {"severity": "low"})
    receiver.wait_for(2)
    assert receiver.names == ["payment.downtime.started", "payment.downtime.resolved"]
    began, ended = (each.event["payload"]["payment.downtime"]["entity"] for each in receiver.requests)
    assert (began["id"], began["method"], began["end"]) == (ended["id"], "upi", None)
    assert (ended["status"], ended["severity"]) == ("resolved", "low")


def test_banks_answer_to_debits_and_mandates(sandbox: SandboxProcess, client: Any) -> None:
    sandbox.control("settings", {"mandate_outcome": "initiated"})
    payment = sandbox.pay(ask_for_mandate(client)["id"])
    press(sandbox, "token_confirm", page="mandates", id=payment["token_id"])
    token = {"id": payment["token_id"], "customer_id": payment["customer_id"]}
    refused, paid, approved = debit(client, token), debit(client, token), debit(client, token, 1600000)
    assert f"{paid['id']} is captured." in press(sandbox, "debit", id=paid["id"])
    assert "account linked to this UPI ID is blocked" in press(
        sandbox, "debit_fails", id=refused["id"], reason="debit_instrument_blocked"
    )
    press(sandbox, "approve", id=approved["id"])
    statuses = [client.payment.fetch(debited["id"])["status"] for debited in (refused, paid, approved)]
    assert statuses == ["failed", "captured", "captured"]


def test_webhooks_are_held_forged_and_released(sandbox: SandboxProcess, order: Any, receiver: WebhookReceiver) -> None:
    switches = {"switches": "hold_webhooks reorder webhook_enabled", "fields": "duplicate", "duplicate": "0"}
    press(sandbox, "switch", page="webhooks", hold_webhooks="on", webhook_enabled="on", **switches)
    sandbox.pay(order["id"])
    first = sandbox.deliveries()[0]
    assert "the merchant answered 200" in press(sandbox, "send", "webhooks", id=first["id"], signature="wrong")
    assert "3 webhooks left." in press(sandbox, "release", "webhooks", order="newest")
    assert receiver.names == ["payment.authorized", "order.paid", "payment.captured", "payment.authorized"]


def test_faults_switches_time_and_a_clean_slate(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    press(sandbox, "arm", "faults", match="GET /v1/orders", kind="500", times="1", seconds="3", other="")
    assert sandbox.control("faults", method="GET")["items"][0]["match"] == "GET /v1/orders"
    press(sandbox, "disarm", "faults")
    names = "recurring_after_seconds max_amount"
    press(sandbox, "switch", "faults", fields=names, recurring_after_seconds="", max_amount="5000")
    settings = sandbox.control("settings", method="GET")
    assert (settings["recurring_after_seconds"], settings["max_amount"]) == (None, 5000)
    before = sandbox.control("health", method="GET")["now"]
    assert "1.0 days ahead" in press(sandbox, "advance", seconds="86400")
    assert sandbox.control("health", method="GET")["now"] >= before + 86400
    press(sandbox, "reset", "faults")
    assert client.order.all()["count"] == 0


@pytest.mark.parametrize(("verb", "text"), [("nothing", "There is no such button."), ("refund", "The form lacks")])
def test_a_button_that_cannot_work_says_why(sandbox: SandboxProcess, verb: str, text: str) -> None:
    assert text in press(sandbox, verb)


def test_a_page_of_another_site_presses_no_button(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    url, headers = f"{sandbox.base_url}/control/press", {"Sec-Fetch-Site": "cross-site"}
    response = sandbox.http.post(url, data={"verb": "reset", "page": "faults"}, headers=headers, timeout=5)
    assert response.status_code == 400
    assert client.order.all()["count"] == 1
