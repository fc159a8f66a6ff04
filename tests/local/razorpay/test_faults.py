"""What goes wrong between a merchant and Razorpay, on demand."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from razorpay.errors import BadRequestError, GatewayError, ServerError

from tests.local.razorpay.harness import SandboxProcess, wait_until

ORDER = {"amount": 100, "currency": "INR", "receipt": "r"}


def arm(sandbox: SandboxProcess, kind: str, **options: Any) -> None:
    sandbox.control("faults", [{"match": "POST /v1/orders", "kind": kind, **options}])


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429_json", BadRequestError),
        ("429_empty", requests.exceptions.JSONDecodeError),
        ("429_retry_after", BadRequestError),
        ("503", ServerError),
        ("504_html", requests.exceptions.JSONDecodeError),
        ("502_html", requests.exceptions.JSONDecodeError),
        ("500", ServerError),
        ("gateway_error", GatewayError),
        ("drop_before", requests.exceptions.ConnectionError),
    ],
)
def test_an_injected_fault_before_the_work_changes_nothing(
    sandbox: SandboxProcess, client: Any, kind: str, error: type[Exception]
) -> None:
    arm(sandbox, kind)
    with pytest.raises(error):
        client.order.create(ORDER)
    assert client.order.all({"receipt": "r"})["count"] == 0
    assert client.order.create(ORDER)["receipt"] == "r"  # only once


def test_a_dropped_answer_hides_an_order_that_exists(sandbox: SandboxProcess, client: Any) -> None:
    arm(sandbox, "drop_after_commit")
    with pytest.raises(requests.exceptions.ConnectionError):
        client.order.create(ORDER)
    assert client.order.all({"receipt": "r"})["count"] == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("500_after_commit", ServerError),
        ("502_after_commit", requests.exceptions.JSONDecodeError),
        ("gateway_error_after_commit", GatewayError),
        ("cut_json_after_commit", requests.exceptions.JSONDecodeError),
    ],
)
def test_an_error_can_hide_an_order_that_exists(
    sandbox: SandboxProcess, client: Any, kind: str, error: type[Exception]
) -> None:
    arm(sandbox, kind)
    with pytest.raises(error):
        client.order.create(ORDER)
    assert client.order.all({"receipt": "r"})["count"] == 1


def test_an_answer_that_never_comes_may_mean_that_nothing_happened(sandbox: SandboxProcess, client: Any) -> None:
    arm(sandbox, "timeout_before", seconds=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.order.create(ORDER, timeout=0.3)
    assert client.order.all({"receipt": "r"})["count"] == 0


def test_a_throttled_client_may_be_told_when_to_come_back(sandbox: SandboxProcess) -> None:
    arm(sandbox, "429_retry_after", seconds=7)
    auth = (sandbox.key_id, sandbox.key_secret)
    response = sandbox.http.post(f"{sandbox.base_url}/v1/orders", json=ORDER, auth=auth, timeout=5)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


def test_rows_move_to_the_next_page_while_somebody_reads(sandbox: SandboxProcess, client: Any) -> None:
    ours = [sandbox.pay(client.order.create(ORDER)["id"])["id"] for _ in range(4)][::-1]
    sandbox.control("faults", [{"match": "GET /v1/payments", "kind": "new_payment"}])
    first, second = (client.payment.all({"count": 2, "skip": skip})["items"] for skip in (0, 2))
    assert [payment["id"] for payment in first + second] == [ours[0], ours[1], ours[1], ours[2]]


def test_a_late_answer_hides_an_order_that_exists(sandbox: SandboxProcess, client: Any) -> None:
    arm(sandbox, "timeout_after_commit", seconds=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.order.create(ORDER, timeout=0.3)
    wait_until(lambda: client.order.all({"receipt": "r"})["count"] == 1)


def test_faults_strike_as_often_as_asked_and_only_where_asked(sandbox: SandboxProcess, client: Any) -> None:
    arm(sandbox, "500", times=2)
    client.order.all()
    for _ in range(2):
        with pytest.raises(ServerError):
            client.order.create(ORDER)
    client.order.create(ORDER)


def test_patterns_match_and_faults_can_be_cleared(sandbox: SandboxProcess, client: Any, order: Any) -> None:
    sandbox.control("faults", [{"match": "GET /v1/orders/*", "kind": "500", "times": 5}])
    with pytest.raises(ServerError):
        client.order.fetch(order["id"])
    assert sandbox.control("faults", method="GET")["items"][0]["remaining"] == 4
    sandbox.control("faults", method="DELETE")
    client.order.fetch(order["id"])
