"""/v1/orders through the SDK."""

from __future__ import annotations

from typing import Any

import pytest
from razorpay.errors import BadRequestError

from tests.local.razorpay.harness import SandboxProcess


def test_a_new_order_has_razorpays_shape(client: Any) -> None:
    order = client.order.create({"amount": 5000, "currency": "INR", "receipt": "receipt#1"})
    assert order == {
        "id": order["id"],
        "entity": "order",
        "amount": 5000,
        "amount_paid": 0,
        "amount_due": 5000,
        "currency": "INR",
        "receipt": "receipt#1",
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": [],
        "created_at": order["created_at"],
    }
    assert len(order["id"]) == len("order_") + 14
    assert client.order.fetch(order["id"]) == order


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"currency": "INR"}, "The amount field is required."),
        ({"amount": 100}, "The currency field is required."),
        ({"amount": 99, "currency": "INR"}, "The amount must be at least INR 1.00"),
        ({"amount": 99, "currency": "USD"}, "The amount must be at least USD 1.00"),
        ({"amount": -100, "currency": "INR"}, "The amount must be at least INR 1.00"),
        ({"amount": 100.5, "currency": "INR"}, "The amount must be an integer."),
        ({"amount": "1000.50", "currency": "INR"}, "The amount must be an integer."),
        ({"amount": True, "currency": "INR"}, "The amount must be an integer."),
        ({"amount": 99991, "currency": "KWD"}, "The last digit of the amount must be 0."),
        ({"amount": 100, "currency": "XXX"}, "Currency is not supported"),
        (
            {"amount": 100, "currency": "INR", "receipt": "r" * 41},
            "The receipt may not be greater than 40 characters.",
        ),
        (
            {"amount": 100, "currency": "INR", "notes": {str(n): "v" for n in range(16)}},
            "The number of fields in notes should be less than or equal to 15.",
        ),
        (
            {"amount": 100, "currency": "INR", "notes": {"k": "v" * 257}},
            "The notes value may not be greater than 256 characters.",
        ),
        ({"amount": 100, "currency": "INR", "colour": "red"}, "colour is/are not required and should not be sent"),
        (
            {"amount": 100, "currency": "INR", "first_payment_min_amount": 100},
            "first_payment_min_amount is/are not required",
        ),
        (
            {"amount": 100, "currency": "INR", "payment": {"capture": "automatic"}},
            "The automatic_expiry_period field is required.",
        ),
    ],
)
def test_bad_orders_are_refused(client: Any, data: dict[str, Any], text: str) -> None:
    with pytest.raises(BadRequestError, match=text):
        client.order.create(data)
    assert client.order.all()["count"] == 0


def test_limits_that_are_just_met_are_accepted(client: Any) -> None:
    notes = {str(n): "v" * 256 for n in range(15)}
    order = client.order.create({"amount": 100, "currency": "INR", "receipt": "r" * 40, "notes": notes})
    assert order["notes"] == notes


def test_orders_are_found_by_receipt(client: Any) -> None:
    for receipt in ("a", "b", "a"):
        client.order.create({"amount": 100, "currency": "INR", "receipt": receipt})
    found = client.order.all({"receipt": "a"})
    assert [item["receipt"] for item in found["items"]] == ["a", "a"]


def test_receipts_can_be_made_unique(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    sandbox.control("settings", {"unique_receipts": True})
    with pytest.raises(BadRequestError, match="receipt has to be unique"):
        client.order.create({"amount": 100, "currency": "INR", "receipt": order["receipt"]})


def test_only_notes_can_be_edited(client: Any, order: Any) -> None:
    assert client.order.edit(order["id"], {"notes": {"k": "v"}})["notes"] == {"k": "v"}
    assert client.order.fetch(order["id"])["notes"] == {"k": "v"}
    with pytest.raises(BadRequestError, match="The notes field is required"):
        client.order.edit(order["id"], {})
    with pytest.raises(BadRequestError, match="amount is/are not required"):
        client.order.edit(order["id"], {"amount": 500, "notes": {}})


def test_an_order_lists_its_payments(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    assert client.order.payments(order["id"]) == {"entity": "collection", "count": 0, "items": []}
    failed = sandbox.pay(order["id"], "fail")
    captured = sandbox.pay(order["id"])
    listed = client.order.payments(order["id"])
    assert [item["id"] for item in listed["items"]] == [captured["id"], failed["id"]]
    expanded = client.order.fetch(order["id"], {"expand[]": "payments"})
    assert expanded["payments"] == listed


def test_orders_can_be_filtered_by_authorisation(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    other = client.order.create({"amount": 100, "currency": "INR"})
    sandbox.pay(order["id"], "authorize_only")
    assert [item["id"] for item in client.order.all({"authorized": 1})["items"]] == [order["id"]]
    assert [item["id"] for item in client.order.all({"authorized": 0})["items"]] == [other["id"]]


def test_a_partial_order_is_paid_in_parts(sandbox: SandboxProcess, client: Any) -> None:
    order = client.order.create(
        {"amount": 1000, "currency": "INR", "partial_payment": True, "first_payment_min_amount": 300}
    )
    refused = sandbox.http.post(f"{sandbox.base_url}/_sim/orders/{order['id']}/pay", json={"amount": 200}, timeout=5)
    assert refused.status_code == 400
    sandbox.pay(order["id"], amount=400)
    half = client.order.fetch(order["id"])
    assert (half["status"], half["amount_paid"], half["amount_due"]) == ("attempted", 400, 600)
    sandbox.pay(order["id"])
    full = client.order.fetch(order["id"])
    assert (full["status"], full["amount_paid"], full["amount_due"]) == ("paid", 1000, 0)
