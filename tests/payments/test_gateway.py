"""The Razorpay gateway with the real SDK, against a sandbox that can inject faults."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from payments.gateways import GatewayError, GatewayRefused, GatewayUnclear, gateway_of_environment
from payments.gateways.payable_amounts import why_not_payable
from payments.gateways.razorpay import RazorpayGateway
from tests.local.razorpay.harness import SandboxProcess, free_port

CREATE = "POST /v1/orders"


def _create(receipt: str = "r-1", amount: int = 118000) -> Any:
    return gateway_of_environment().create_order(receipt=receipt, amount_minor=amount, currency="INR", notes={"a": "b"})


def test_an_order_is_created_and_found_again_by_our_receipt(razorpay: SandboxProcess) -> None:
    order = _create()
    assert order.id.startswith("order_")
    assert (order.receipt, order.amount_minor, order.currency, order.status) == ("r-1", 118000, "INR", "created")
    assert gateway_of_environment().find_order(receipt="r-1") == order
    assert gateway_of_environment().find_order(receipt="r-2") is None


@pytest.mark.parametrize(
    "kind", ["timeout_after_commit", "drop_before", "drop_after_commit", "502_html", "500", "gateway_error"]
)
def test_an_answer_that_proves_nothing_is_unclear(razorpay: SandboxProcess, kind: str, capsys: Any) -> None:
    razorpay.control("faults", {"match": CREATE, "kind": kind, "seconds": 2})
    with pytest.raises(GatewayUnclear) as caught:
        _create()
    assert caught.value.ambiguous
    assert capsys.readouterr().out == ""  # the SDK would print


@pytest.mark.parametrize("kind", ["429_json", "429_empty"])
def test_throttling_is_a_refusal_worth_another_try(razorpay: SandboxProcess, kind: str) -> None:
    razorpay.control("faults", {"match": CREATE, "kind": kind})
    with pytest.raises(GatewayRefused) as caught:
        _create()
    assert caught.value.transient
    assert not caught.value.ambiguous
    assert caught.value.details == {"gateway_status": 429}
    assert gateway_of_environment().find_order(receipt="r-1") is None


def test_a_validation_error_is_a_refusal_for_good(razorpay: SandboxProcess) -> None:
    with pytest.raises(GatewayRefused, match=r"at least INR 1\.00") as caught:
        _create(amount=99)
    assert not caught.value.transient


def test_wrong_keys_are_worth_another_try_once_somebody_mended_them(razorpay: SandboxProcess, settings: Any) -> None:
    settings.RAZORPAY_KEY_SECRET = "wrong"
    with pytest.raises(GatewayRefused, match="Authentication failed") as caught:
        _create()
    assert caught.value.transient
    assert caught.value.details == {"gateway_status": 401}


def test_a_refused_connection_is_a_transient_refusal(settings: Any) -> None:
    gateway = RazorpayGateway(
        key_id="k", key_secret="s", base_url=f"http://127.0.0.1:{free_port()}", timeout=(0.5, 0.5)
    )
    with pytest.raises(GatewayRefused) as caught:
        gateway.find_order(receipt="r-1")
    assert caught.value.transient


def test_without_keys_there_is_no_gateway(settings: Any) -> None:
    settings.RAZORPAY_KEY_ID = ""
    with pytest.raises(GatewayError) as caught:
        gateway_of_environment()
    assert caught.value.code == "GATEWAY_NOT_CONFIGURED"


def test_captures_in_two_threads_never_swap_their_amounts(razorpay: SandboxProcess) -> None:
    """The SDK writes the amount into a default argument that all threads share."""
    gateway = gateway_of_environment()
    payments = []
    for number in range(1, 9):
        order = _create(f"r-{number}", amount=number * 1000)
        payments.append(razorpay.pay(order.id, "authorize_only"))
    captured: dict[str, int] = {}

    def capture(payment: dict[str, Any]) -> None:
        answer = gateway.capture_payment(payment_id=payment["id"], amount_minor=payment["amount"], currency="INR")
        captured[answer.id] = answer.amount_minor

    threads = [threading.Thread(target=capture, args=[payment]) for payment in payments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert captured == {payment["id"]: payment["amount"] for payment in payments}


def test_checkout_and_link_signatures_are_those_of_the_vectors() -> None:
    gateway = RazorpayGateway(key_id="k", key_secret="test_secret_123", base_url="", timeout=(1, 1))
    good = "85a967c4e08ebbad591e3831169d4dca0adebb8d40bb4f02c781f904d102c266"
    pair = {"order_id": "order_IluGWxBm9U8zJ8", "payment_id": "pay_IluHDLxTq0aDpX"}
    assert gateway.confirms_checkout(**pair, signature=good)
    for bad in ("", good.upper(), good[:-1] + "7", "é" * 64, "0" * 64):
        assert not gateway.confirms_checkout(**pair, signature=bad)
    assert not gateway.confirms_checkout(order_id=pair["payment_id"], payment_id=pair["order_id"], signature=good)
    link = {"link_id": "plink_Fc8lXILABzQL7M", "status": "paid", "payment_id": "pay_Fc8mUeDrEKf08Y"}
    with_reference = "9257e1a9e746d27ce01d4ad175e3c4978e2c504c326088ab32c3092aa6fac389"
    without = "ca4cfe904100dfd75dd4f935577eb03fd63c43519bda2ebe46627cec1dda742e"
    assert gateway.confirms_link(**link, reference="TSsd1989", signature=with_reference)
    assert gateway.confirms_link(**link, reference="", signature=without)
    assert not gateway.confirms_link(**link, reference="", signature=with_reference)


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        (100, "INR", ""),
        (99, "INR", "The amount is below Razorpay's minimum of INR 1."),
        (1, "JPY", ""),
        (99990, "KWD", ""),
        (99991, "KWD", "Razorpay takes KWD with two decimals only; collect this amount offline."),
        (100000, "IRR", "Razorpay does not take payments in IRR: collect this amount by bank transfer."),
    ],
)
def test_what_razorpay_would_refuse_is_known_beforehand(amount: int, currency: str, reason: str) -> None:
    assert why_not_payable(amount, currency) == reason
