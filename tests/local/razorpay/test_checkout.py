"""The checkout page and the checkout.js drop-in, without a browser."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from tests.local.razorpay.harness import SandboxProcess

CALLBACK = "http://merchant.example/pay/done?invoice=1"


def visit(sandbox: SandboxProcess, order_id: str, **query: str) -> Any:
    return sandbox.http.get(f"{sandbox.base_url}/checkout/{order_id}", params=query, timeout=5)


def press(sandbox: SandboxProcess, order_id: str, outcome: str, **fields: str) -> Any:
    url = f"{sandbox.base_url}/checkout/{order_id}"
    return sandbox.http.post(url, data={"outcome": outcome, **fields}, timeout=5)


def hidden_fields(page: str) -> dict[str, str]:
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in pairs}


def test_the_page_shows_who_what_and_that_it_is_a_sandbox(sandbox: SandboxProcess, order: Any) -> None:
    page = visit(sandbox, order["id"], name="Acme <Ltd>", description="Invoice 7", key=sandbox.key_id).text
    assert "₹1,000.00" in page
    assert "Acme &lt;Ltd&gt;" in page
    assert "Invoice 7" in page
    assert "no money moves" in page
    for outcome in ("success", "fail", "late", "authorize_only"):
        assert f'name="outcome" value="{outcome}"' in page
    assert "http" not in re.sub(r'value="[^"]*"', "", page)  # nothing is loaded from elsewhere


def test_success_posts_a_signed_result_to_the_callback(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    fields = hidden_fields(visit(sandbox, order["id"], callback_url=CALLBACK).text)
    assert fields["callback_url"] == CALLBACK
    page = press(sandbox, order["id"], "success", **fields).text
    assert f'<form method="post" action="{html.escape(CALLBACK)}"' in page
    result = hidden_fields(page)
    assert result["razorpay_order_id"] == order["id"]
    assert client.utility.verify_payment_signature(result)
    assert client.payment.fetch(result["razorpay_payment_id"])["status"] == "captured"


def test_authorise_only_is_a_signed_result_too(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    page = press(sandbox, order["id"], "authorize_only", callback_url=CALLBACK).text
    result = hidden_fields(page)
    assert client.utility.verify_payment_signature(result)
    assert client.payment.fetch(result["razorpay_payment_id"])["status"] == "authorized"


def test_a_failure_shows_its_reason_and_can_be_retried(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    page = press(sandbox, order["id"], "fail", callback_url=CALLBACK).text
    assert "declined by the bank" in page
    assert 'value="success"' in page
    assert hidden_fields(page)["callback_url"] == CALLBACK
    press(sandbox, order["id"], "success")
    assert client.order.fetch(order["id"])["attempts"] == 2


def test_a_paid_order_cannot_be_paid_again(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    press(sandbox, order["id"], "success")
    assert "This order is paid." in visit(sandbox, order["id"]).text
    assert "already paid" in press(sandbox, order["id"], "success").text
    assert client.order.payments(order["id"])["count"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"callback_url": "javascript:alert(1)"},
        {"callback_url": "//merchant.example"},
        {"origin": "data:text/html,x"},
        {"key": "rzp_live_other"},
    ],
)
def test_bad_addresses_and_keys_are_refused(sandbox: SandboxProcess, order: Any, query: dict[str, str]) -> None:
    assert visit(sandbox, order["id"], **query).status_code == 400
    assert press(sandbox, order["id"], "success", **query).status_code == 400
    assert sandbox.client().order.fetch(order["id"])["status"] == "created"


def test_an_embedded_page_speaks_only_to_the_page_that_opened_it(sandbox: SandboxProcess, order: Any) -> None:
    page = press(sandbox, order["id"], "success", origin="http://merchant.example/some/page").text
    assert "parent.postMessage" in page
    assert r"http://merchant.example" in page.replace(r"\u002D", "-").replace(r"\u003A", ":")
    assert "/some/page" not in page
    assert "payment.success" in page


def test_an_unknown_order_is_a_page_not_json(sandbox: SandboxProcess) -> None:
    response = visit(sandbox, "order_AAAAAAAAAAAAAA")
    assert response.status_code == 400
    assert "The id provided does not exist" in response.text
    assert response.headers["Content-Type"].startswith("text/html")


def test_the_script_is_served_as_javascript(sandbox: SandboxProcess) -> None:
    response = sandbox.http.get(f"{sandbox.base_url}/v1/checkout.js", timeout=5)
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert "window.Razorpay" in response.text
