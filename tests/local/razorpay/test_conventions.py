"""Authentication, the error envelope, addresses and pages of lists."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from razorpay.errors import BadRequestError

from tests.local.razorpay.harness import SandboxProcess


def get(sandbox: SandboxProcess, path: str, **options: Any) -> requests.Response:
    options.setdefault("auth", (sandbox.key_id, sandbox.key_secret))
    return sandbox.http.get(f"{sandbox.base_url}{path}", allow_redirects=False, timeout=5, **options)


def test_wrong_secret_is_401(sandbox: SandboxProcess) -> None:
    response = get(sandbox, "/v1/orders", auth=(sandbox.key_id, "wrong"))
    assert response.status_code == 401
    assert response.json() == {"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}}


def test_unknown_key_is_401(sandbox: SandboxProcess) -> None:
    with pytest.raises(BadRequestError, match="The api key provided is invalid"):
        sandbox.client(key_id="rzp_test_other").order.all()
    assert get(sandbox, "/v1/orders", auth=("rzp_test_other", "x")).status_code == 401


def test_no_credentials_and_a_lower_case_scheme_are_401(sandbox: SandboxProcess) -> None:
    assert requests.get(f"{sandbox.base_url}/v1/orders", timeout=5).status_code == 401
    good = requests.Request("GET", "http://x", auth=(sandbox.key_id, sandbox.key_secret)).prepare()
    lower = good.headers["Authorization"].replace("Basic", "basic")
    response = requests.get(f"{sandbox.base_url}/v1/orders", headers={"Authorization": lower}, timeout=5)
    assert response.status_code == 401


@pytest.mark.parametrize("path", ["/v1/orders/", "/v1/nothing", "/v2/accounts"])
def test_unknown_addresses_are_400_and_never_redirect(sandbox: SandboxProcess, path: str) -> None:
    response = get(sandbox, path)
    assert response.status_code == 400
    assert response.json()["error"]["description"] == "The requested URL was not found on the server."


def test_wrong_verb_is_400(sandbox: SandboxProcess) -> None:
    response = sandbox.http.delete(
        f"{sandbox.base_url}/v1/orders", auth=(sandbox.key_id, sandbox.key_secret), timeout=5
    )
    assert response.status_code == 400
    assert response.json()["error"]["description"] == "The requested URL was not found on the server."


def test_unknown_and_malformed_ids(client: Any) -> None:
    with pytest.raises(BadRequestError, match="The id provided does not exist"):
        client.order.fetch("order_AAAAAAAAAAAAAA")
    with pytest.raises(BadRequestError, match="nonsense is not a valid id"):
        client.payment.fetch("nonsense")


def test_errors_carry_the_field_and_the_envelope(sandbox: SandboxProcess) -> None:
    response = sandbox.http.post(
        f"{sandbox.base_url}/v1/orders",
        json={"amount": 99, "currency": "INR"},
        auth=(sandbox.key_id, sandbox.key_secret),
        timeout=5,
    )
    assert response.status_code == 400
    assert response.json() == {
        "error": {
            "code": "BAD_REQUEST_ERROR",
            "description": "The amount must be at least INR 1.00",
            "field": "amount",
            "source": "business",
            "step": "payment_initiation",
            "reason": "input_validation_failed",
            "metadata": {},
        }
    }


def test_a_body_that_is_no_object_is_refused(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    payment = sandbox.pay(order["id"])
    with pytest.raises(BadRequestError, match="must be a JSON object"):
        client.payment.refund(payment["id"], 500)


def test_lists_are_pages_newest_first(client: Any) -> None:
    ids = [client.order.create({"amount": 100 + n, "currency": "INR"})["id"] for n in range(12)]
    first = client.order.all()
    assert (first["entity"], first["count"]) == ("collection", 10)
    assert [item["id"] for item in first["items"]] == ids[:1:-1]
    rest = client.order.all({"skip": 10, "count": 100})
    assert [item["id"] for item in rest["items"]] == [ids[1], ids[0]]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"count": 0}, "The count must be at least 1."),
        ({"count": 101}, "The count may not be greater than 100."),
        ({"from": 5}, "from must be between 946684800 and 4765046400"),
        ({"to": 5}, "to must be between 946684800 and 4765046400"),
    ],
)
def test_bad_pages_are_refused(client: Any, params: dict[str, int], text: str) -> None:
    with pytest.raises(BadRequestError, match=text):
        client.order.all(params)


def test_lists_can_be_cut_by_time(sandbox: SandboxProcess, client: Any) -> None:
    early = client.order.create({"amount": 100, "currency": "INR"})
    sandbox.control("clock", {"advance_seconds": 3600})
    late = client.order.create({"amount": 100, "currency": "INR"})
    assert late["created_at"] - early["created_at"] >= 3600
    middle = early["created_at"] + 1800
    assert [item["id"] for item in client.order.all({"from": middle})["items"]] == [late["id"]]
    assert [item["id"] for item in client.order.all({"to": middle})["items"]] == [early["id"]]


def test_control_refuses_what_it_does_not_know(sandbox: SandboxProcess) -> None:
    for path, body in [
        ("settings", {"colour": "red"}),
        ("settings", {"refund_outcome": "perhaps"}),
        ("faults", [{"match": "POST /v1/orders", "kind": "flood"}]),
    ]:
        response = sandbox.http.post(f"{sandbox.base_url}/_sim/{path}", json=body, timeout=5)
        assert response.status_code == 400, path
