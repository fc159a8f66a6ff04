"""Mandates: given on the page or by a registration link, and what payers and banks do to them."""

from __future__ import annotations

from typing import Any

import pytest
from razorpay.errors import BadRequestError

from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver, wait_until
from tests.local.razorpay.mandates import DAY, PAYER, ask_for_mandate, give_mandate

AUTHORISED = ["payment.authorized", "payment.captured", "order.paid"]


@pytest.mark.parametrize(("method", "shown"), [("upi", "vpa"), ("card", "card"), ("emandate", "bank_details")])
def test_an_authorisation_payment_brings_a_confirmed_token(
    sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver, method: str, shown: str
) -> None:
    order = ask_for_mandate(client, method)
    payment = sandbox.pay(order["id"])
    assert (payment["status"], payment["method"]) == ("captured", method)
    token = client.token.fetch(payment["customer_id"], payment["token_id"])
    assert (token["entity"], token["method"], token["recurring"]) == ("token", method, True)
    assert token["recurring_details"] == {"status": "confirmed", "failure_reason": None}
    assert (token["max_amount"], token["auth_type"]) == (2000000, "netbanking" if method == "emandate" else None)
    assert token[shown]
    assert client.token.all(payment["customer_id"])["items"] == [token]
    receiver.wait_for(4)
    assert receiver.names == [*AUTHORISED, "token.confirmed"]
    assert receiver.requests[3].event["payload"]["token"]["entity"] == token


def test_a_failed_authorisation_rejects_the_token(
    sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver
) -> None:
    payment = sandbox.pay(ask_for_mandate(client)["id"], "fail")
    token = client.token.fetch(payment["customer_id"], payment["token_id"])
    assert token["recurring_details"] == {"status": "rejected", "failure_reason": "Rejected by bank"}
    assert token["recurring"] is False
    assert client.token.all(payment["customer_id"])["count"] == 0  # the list leaves it out
    receiver.wait_for(2)
    assert receiver.names == ["payment.failed", "token.rejected"]


def test_a_bank_may_confirm_or_reject_days_after_the_payment(
    sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver
) -> None:
    sandbox.control("settings", {"mandate_outcome": "initiated"})
    first, second = (sandbox.pay(ask_for_mandate(client, "emandate")["id"]) for _ in range(2))
    token = client.token.fetch(first["customer_id"], first["token_id"])
    assert (token["recurring_details"]["status"], token["recurring"]) == ("initiated", False)
    assert sandbox.control(f"tokens/{first['token_id']}/confirm")["recurring_details"]["status"] == "confirmed"
    assert sandbox.control(f"tokens/{second['token_id']}/reject")["recurring_details"]["status"] == "rejected"
    receiver.wait_for(8)
    assert receiver.names[6:] == ["token.confirmed", "token.rejected"]


def test_a_late_authorisation_brings_its_mandate_late(
    sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver
) -> None:
    payment = sandbox.pay(ask_for_mandate(client)["id"], "late")
    assert client.token.fetch(payment["customer_id"], payment["token_id"])["recurring_details"]["status"] == "initiated"
    sandbox.control(f"payments/{payment['id']}/late_authorize")
    receiver.wait_for(5)
    assert receiver.names == ["payment.failed", *AUTHORISED, "token.confirmed"]


def test_a_payer_pauses_resumes_and_cancels(sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver) -> None:
    token = give_mandate(sandbox, client)
    for verb, status in (("pause", "paused"), ("resume", "confirmed"), ("cancel", "cancelled")):
        assert sandbox.control(f"tokens/{token['id']}/{verb}")["recurring_details"]["status"] == status
    receiver.wait_for(7)
    assert receiver.names[4:] == ["token.paused", "token.confirmed", "token.cancelled"]
    card = give_mandate(sandbox, client, "card")
    refused = sandbox.http.post(f"{sandbox.base_url}/_sim/tokens/{card['id']}/pause", timeout=5)
    assert (refused.status_code, "Only UPI" in refused.text) == (400, True)


def test_the_merchant_cancels_and_deletes(sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver) -> None:
    one, two = give_mandate(sandbox, client), give_mandate(sandbox, client)
    assert client.token.cancel(one["customer_id"], one["id"]) == {"status": "cancellation_initiated"}
    assert client.token.delete(two["customer_id"], two["id"]) == {"deleted": True}
    with pytest.raises(BadRequestError, match="The id provided does not exist"):
        client.token.fetch(two["customer_id"], two["id"])
    receiver.wait_for(10)
    assert receiver.names[8:] == ["token.cancelled", "token.cancelled"]


@pytest.mark.parametrize(
    ("changes", "terms", "text"),
    [
        ({"currency": "USD"}, {}, "The currency should be INR when method is upi"),
        ({}, {"max_amount": 99}, "max_amount must be between"),
        ({}, {"max_amount": 10000000}, "max_amount must be between"),
        ({"amount": 2000001}, {}, "The order amount cannot be greater than the token max amount for upi recurring"),
        ({"customer_id": "cust_AAAAAAAAAAAAAA"}, {}, "The id provided does not exist"),
        ({"customer_id": None}, {}, "The customer_id field is required."),
        ({}, {"frequency": "hourly"}, "The selected frequency is invalid."),
        ({}, {"expire_at": 1}, "expire_at must be in the future"),
        ({"method": "emandate"}, {}, "The amount must be 0 for emandate."),
        ({"method": "wallet"}, {}, "The selected method is invalid."),
    ],
)
def test_bad_mandate_orders_are_refused(client: Any, changes: dict[str, Any], terms: dict[str, Any], text: str) -> None:
    customer = client.customer.create(PAYER | {"fail_existing": "0"})
    order = {"amount": 100, "currency": "INR", "customer_id": customer["id"], "method": "upi"} | changes
    with pytest.raises(BadRequestError, match=text):
        client.order.create(order | {"token": {"max_amount": 2000000} | terms})


def register(client: Any, **changes: Any) -> dict[str, Any]:
    link: dict[str, Any] = client.registration_link.create(
        {
            "customer": PAYER,
            "type": "link",
            "amount": "100",
            "currency": "INR",
            "description": "Auto-pay for Acme",
            "subscription_registration": {"method": "upi", "max_amount": "500000", "frequency": "monthly"},
            "receipt": "REG-1",
        }
        | changes
    )
    return link


def test_a_registration_link_is_an_invoice_that_ends_in_a_mandate(
    sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver
) -> None:
    link = register(client)
    assert (link["entity"], link["type"], link["status"], link["amount"]) == ("invoice", "link", "issued", 100)
    assert (link["customer_details"]["email"], link["receipt"]) == (PAYER["email"], "REG-1")
    page = sandbox.http.get(link["short_url"], timeout=5).text
    assert "Auto-pay for Acme" in page
    assert "₹5,000.00" in page  # the most of one debit
    sandbox.http.post(f"{sandbox.base_url}/checkout/{link['order_id']}", data={"outcome": "success"}, timeout=5)
    paid = client.invoice.fetch(link["id"])
    assert (paid["status"], paid["amount_due"]) == ("paid", 0)
    payment = client.payment.fetch(paid["payment_id"])
    assert (payment["invoice_id"], payment["customer_id"]) == (link["id"], link["customer_id"])
    receiver.wait_for(5)
    assert receiver.names == [*AUTHORISED, "invoice.paid", "token.confirmed"]
    assert receiver.requests[3].event["contains"] == ["payment", "order", "invoice"]
    assert receiver.requests[3].event["payload"]["invoice"]["entity"]["status"] == "paid"
    assert "is paid" in sandbox.http.get(link["short_url"], timeout=5).text


def test_a_registration_link_is_cancelled_or_expires(
    sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver
) -> None:
    cancelled = register(client)
    assert client.invoice.cancel(cancelled["id"])["status"] == "cancelled"
    with pytest.raises(BadRequestError, match="Operation not allowed for Invoice in cancelled status"):
        client.invoice.cancel(cancelled["id"])
    now = sandbox.control("health", method="GET")["now"]
    expiring = register(client, expire_by=now + DAY)
    sandbox.control("clock", {"advance_seconds": DAY})
    wait_until(lambda: client.invoice.fetch(expiring["id"])["status"] == "expired")
    assert receiver.wait_for(1)[0].name == "invoice.expired"
    refused = sandbox.http.post(f"{sandbox.base_url}/_sim/orders/{expiring['order_id']}/pay", timeout=5)
    assert "The registration link is expired." in refused.text
    assert client.invoice.notify_by(cancelled["id"], "email") == {"success": True}
