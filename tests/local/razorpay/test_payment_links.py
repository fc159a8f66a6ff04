"""/v1/payment_links through the SDK, and the page behind a link."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from razorpay.errors import BadRequestError

from tests.local.razorpay.harness import SandboxProcess, WebhookReceiver, wait_until

CALLBACK = "https://merchant.example/thanks?from=link"


def create(client: Any, **changes: Any) -> dict[str, Any]:
    data = {
        "amount": 100000,
        "currency": "INR",
        "reference_id": "INV-1",
        "description": "Invoice 1",
        "customer": {"name": "Acme", "email": "a@acme.example", "contact": "+919000011111"},
        "callback_url": CALLBACK,
        "callback_method": "get",
    }
    link: dict[str, Any] = client.payment_link.create(data | changes)
    return link


def open_page(sandbox: SandboxProcess, link: dict[str, Any]) -> str:
    """Visit the short URL as a payer does."""
    response = sandbox.http.get(link["short_url"], timeout=5)
    assert response.ok, response.text
    return response.text


def pay_page(sandbox: SandboxProcess, order_id: str, outcome: str = "success", **fields: str) -> Any:
    return sandbox.http.post(
        f"{sandbox.base_url}/checkout/{order_id}",
        data={"outcome": outcome, **fields},
        allow_redirects=False,
        timeout=5,
    )


def test_a_new_link_has_razorpays_shape(client: Any, sandbox: SandboxProcess) -> None:
    link = create(client)
    assert "entity" not in link
    assert "order_id" not in link
    assert (link["status"], link["amount"], link["amount_paid"]) == ("created", 100000, 0)
    assert (link["cancelled_at"], link["expired_at"], link["expire_by"]) == (0, 0, 0)
    assert (link["notes"], link["payments"], link["reminders"]) == (None, None, [])
    assert link["notify"] == {"email": False, "sms": False, "whatsapp": False}
    assert link["short_url"].startswith(sandbox.base_url)
    assert client.payment_link.fetch(link["id"]) == link


def test_the_list_is_called_payment_links(client: Any) -> None:
    link = create(client)
    create(client, reference_id="INV-2")
    assert client.payment_link.all({"reference_id": "INV-1"}) == {"payment_links": [link]}
    assert len(client.payment_link.all()["payment_links"]) == 2


def test_a_reference_is_used_once(client: Any) -> None:
    create(client)
    with pytest.raises(BadRequestError, match="payment link creation with reference ID already attempted"):
        create(client)
    create(client, reference_id="")
    create(client, reference_id="")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"amount": 99}, "The amount must be at least INR 1.00"),
        ({"amount": None}, "The amount field is required."),
        ({"reference_id": "r" * 41}, "The reference_id may not be greater than 40 characters."),
        ({"description": "d" * 2049}, "The description may not be greater than 2048 characters."),
        ({"notes": {"k": "v" * 256}}, "the length must not be greater than 255"),
        ({"callback_url": "javascript:alert(1)"}, "The callback_url format is invalid."),
        ({"callback_method": "post"}, "callback_method must be get"),
        ({"upi_link": True}, "not supported in Test Mode"),
        ({"colour": "red"}, "colour is/are not required and should not be sent"),
    ],
)
def test_bad_links_are_refused(client: Any, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(BadRequestError, match=text):
        create(client, **changes)


def test_expiry_is_fifteen_minutes_to_six_months_away(client: Any) -> None:
    now = int(time.time())
    with pytest.raises(BadRequestError, match="timestamp must be atleast 15 minutes in future"):
        create(client, expire_by=now + 14 * 60)
    with pytest.raises(BadRequestError, match="6 months"):
        create(client, expire_by=now + 190 * 24 * 3600)
    assert create(client, expire_by=now + 16 * 60)["expire_by"] == now + 16 * 60


def test_the_order_appears_when_the_payer_opens_the_link(sandbox: SandboxProcess, client: Any) -> None:
    link = create(client)
    page = open_page(sandbox, link)
    assert "₹1,000.00" in page
    assert "Invoice 1" in page
    opened = client.payment_link.fetch(link["id"])
    order = client.order.fetch(opened["order_id"])
    assert (order["amount"], order["status"]) == (100000, "created")
    open_page(sandbox, link)
    assert client.payment_link.fetch(link["id"])["order_id"] == order["id"]


def test_paying_a_link_comes_back_signed(sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver) -> None:
    link = create(client)
    open_page(sandbox, link)
    order_id = client.payment_link.fetch(link["id"])["order_id"]
    response = pay_page(sandbox, order_id)
    assert response.status_code == 302
    parts = urlsplit(response.headers["Location"])
    assert (parts.netloc, parts.path) == ("merchant.example", "/thanks")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query["from"] == "link"
    assert client.utility.verify_payment_link_signature(
        {
            "payment_link_id": query["razorpay_payment_link_id"],
            "payment_link_reference_id": query["razorpay_payment_link_reference_id"],
            "payment_link_status": query["razorpay_payment_link_status"],
            "razorpay_payment_id": query["razorpay_payment_id"],
            "razorpay_signature": query["razorpay_signature"],
        }
    )
    paid = client.payment_link.fetch(link["id"])
    assert (paid["status"], paid["amount_paid"]) == ("paid", 100000)
    assert paid["payments"][0]["payment_id"] == query["razorpay_payment_id"]
    payment = client.payment.fetch(query["razorpay_payment_id"])
    assert (payment["email"], payment["contact"]) == ("a@acme.example", "+919000011111")
    receiver.wait_for(4)
    assert receiver.names == ["payment.authorized", "payment.captured", "order.paid", "payment_link.paid"]
    event = receiver.requests[3].event
    assert event["contains"] == ["payment_link", "order", "payment"]
    assert event["created_at"] == link["created_at"]
    bare = event["payload"]["order"]["entity"]
    assert bare["id"] == order_id.removeprefix("order_")
    assert "entity" not in bare
    assert bare["product_type"] == "payment_link_v2"
    assert event["payload"]["payment_link"]["entity"]["order_id"] == order_id


def test_a_partial_link_is_paid_in_parts(sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver) -> None:
    link = create(client, accept_partial=True, first_min_partial_amount=20000)
    open_page(sandbox, link)
    order_id = client.payment_link.fetch(link["id"])["order_id"]
    assert "partial payment amount is invalid" in pay_page(sandbox, order_id, amount="100.00").text
    first = pay_page(sandbox, order_id, amount="400.00")
    assert "razorpay_payment_link_status=partially_paid" in first.headers["Location"]
    assert client.payment_link.fetch(link["id"])["status"] == "partially_paid"
    with pytest.raises(BadRequestError, match="already paid/partially paid"):
        client.payment_link.cancel(link["id"])
    assert "razorpay_payment_link_status=paid" in pay_page(sandbox, order_id).headers["Location"]
    receiver.wait_for(7)
    assert [name for name in receiver.names if name.startswith("payment_link")] == [
        "payment_link.partially_paid",
        "payment_link.paid",
    ]


def test_a_cancelled_link_cannot_be_paid(sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver) -> None:
    link = create(client)
    open_page(sandbox, link)
    order_id = client.payment_link.fetch(link["id"])["order_id"]
    cancelled = client.payment_link.cancel(link["id"])
    assert cancelled["status"] == "cancelled"
    assert cancelled["cancelled_at"] > 0
    assert receiver.wait_for(1)[0].name == "payment_link.cancelled"
    assert sandbox.http.get(link["short_url"], timeout=5).status_code == 400
    assert "The payment link is cancelled." in pay_page(sandbox, order_id).text
    assert client.order.payments(order_id)["count"] == 0
    with pytest.raises(BadRequestError, match="cannot cancel or expire a cancelled link"):
        client.payment_link.cancel(link["id"])
    with pytest.raises(BadRequestError, match="update can only be made in created or partially paid state"):
        client.payment_link.edit(link["id"], {"reference_id": "INV-9"})


def test_a_link_expires(sandbox: SandboxProcess, client: Any, receiver: WebhookReceiver) -> None:
    link = create(client, expire_by=int(time.time()) + 3600)
    sandbox.control("clock", {"advance_seconds": 3601})
    wait_until(lambda: client.payment_link.fetch(link["id"])["status"] == "expired")
    assert receiver.wait_for(1)[0].name == "payment_link.expired"
    with pytest.raises(BadRequestError, match="cannot cancel or expire an expired link"):
        client.payment_link.cancel(link["id"])


def test_a_link_can_be_edited_and_announced(client: Any) -> None:
    link = create(client)
    edited = client.payment_link.edit(link["id"], {"reference_id": "INV-1-2", "notes": {"k": "v"}})
    assert (edited["reference_id"], edited["notes"]) == ("INV-1-2", {"k": "v"})
    with pytest.raises(BadRequestError, match="amount is/are not required"):
        client.payment_link.edit(link["id"], {"amount": 5})
    assert client.payment_link.notifyBy(link["id"], "sms") == {"success": True}
    with pytest.raises(BadRequestError, match="not a valid notification medium"):
        client.payment_link.notifyBy(link["id"], "pigeon")
