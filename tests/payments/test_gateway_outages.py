"""What is repeated when Razorpay stumbles, and what happens to callers while it is away."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as ValkeyAway

from billing_platform.lib import clock
from payments.gateways import GatewayRefused, GatewayUnclear, RazorpayGateway, circuit_breaker
from payments.gateways.calls import repeats
from tests.payments.stub_razorpay import SECRET, Reply, StubRazorpay, running_stub

LOST = Reply(None)
NO_ORDERS = Reply({"items": []})
BUSY = Reply({"error": {"code": "BAD_REQUEST_ERROR", "description": "Too many requests"}}, 429)
WRONG_KEYS = Reply({"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}}, 401)
ORDER = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "receipt": "r-1"}
NOON = datetime(2026, 11, 26, 6, 33, tzinfo=UTC)


@pytest.fixture
def stub() -> Iterator[StubRazorpay]:
    cache.clear()
    with running_stub() as stub:
        yield stub
    cache.clear()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; none takes time."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    moment = [NOON]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


def _look_up(gateway: RazorpayGateway) -> None:
    gateway.find_order(receipt="r-1")


def _create(gateway: RazorpayGateway) -> Any:
    return gateway.create_order(receipt="r-1", amount_minor=100, currency="INR", notes={})


@pytest.mark.parametrize("trouble", [LOST, BUSY, Reply(b"<html>", 502), Reply({}, 503)])
def test_a_question_is_asked_again_after_longer_and_longer_pauses(
    stub: StubRazorpay, pauses: list[float], trouble: Reply
) -> None:
    stub.one_by_one(trouble, trouble, trouble, NO_ORDERS)
    _look_up(stub.gateway())
    assert len(stub.asked) == 4
    for made, full in zip(pauses, (0.25, 0.5, 1.0), strict=True):
        assert full / 2 <= made <= full


def test_a_question_is_given_up_after_four_tries(stub: StubRazorpay, pauses: list[float]) -> None:
    stub.one_by_one(BUSY)
    with pytest.raises(GatewayRefused, match="Too many requests"):
        _look_up(stub.gateway())
    assert len(stub.asked) == repeats.TRIES == 4


@pytest.mark.parametrize("trouble", [LOST, BUSY, Reply(b"<html>", 502)])
def test_what_might_happen_twice_is_sent_once(stub: StubRazorpay, pauses: list[float], trouble: Reply) -> None:
    stub.one_by_one(trouble, Reply(ORDER))
    with pytest.raises((GatewayRefused, GatewayUnclear)):
        _create(stub.gateway())
    assert (len(stub.asked), pauses) == (1, [])


@pytest.mark.parametrize("final", [WRONG_KEYS, Reply({"error": {"code": "BAD_REQUEST_ERROR"}}, 400)])
def test_a_refusal_is_not_repeated(stub: StubRazorpay, pauses: list[float], final: Reply) -> None:
    stub.one_by_one(final)
    with pytest.raises(GatewayRefused):
        _look_up(stub.gateway())
    assert len(stub.asked) == 1


def test_razorpays_own_pause_is_kept_unless_nobody_could_wait_for_it(stub: StubRazorpay, pauses: list[float]) -> None:
    stub.one_by_one(Reply(BUSY.content, 429, {"Retry-After": "3"}), NO_ORDERS)
    _look_up(stub.gateway())
    assert pauses == [3.0]
    stub.one_by_one(Reply(BUSY.content, 429, {"Retry-After": "3600"}), NO_ORDERS)
    with pytest.raises(GatewayRefused):
        _look_up(stub.gateway())
    assert pauses == [3.0]


# --- an outage --------------------------------------------------------------------------------------------------------


def _break(gateway: RazorpayGateway, times: int = circuit_breaker.FAILURES_TO_OPEN) -> None:
    for _ in range(times):
        with pytest.raises(GatewayUnclear):
            _create(gateway)


def test_after_five_failures_in_a_row_nothing_is_sent_until_one_caller_tries(
    stub: StubRazorpay, now: list[datetime]
) -> None:
    stub.one_by_one(LOST)
    _break(stub.gateway())
    with pytest.raises(GatewayRefused) as caught:
        _create(stub.gateway())
    assert caught.value.message == ("Razorpay can't be reached since 26 Nov 2026, 06:33 UTC; next try at 06:33:15.")
    assert (caught.value.transient, caught.value.ambiguous) == (True, False)
    assert len(stub.asked) == 5

    now[0] += timedelta(seconds=15)
    _break(stub.gateway(), times=1)  # the one who tries; the pause doubles
    with pytest.raises(GatewayRefused, match=r"since 26 Nov 2026, 06:33 UTC; next try at 06:33:45"):
        _create(stub.gateway())
    assert len(stub.asked) == 6

    now[0] += timedelta(seconds=30)
    stub.one_by_one(Reply(ORDER))
    _create(stub.gateway())
    _create(stub.gateway())
    assert stub.gateway().outage is None


def test_while_one_caller_tries_the_others_are_refused(stub: StubRazorpay, now: list[datetime]) -> None:
    stub.one_by_one(LOST)
    _break(stub.gateway())
    now[0] += timedelta(seconds=15)
    refused = []

    def answer(_asked: Any) -> Reply:
        try:
            _create(stub.gateway())
        except GatewayRefused as error:
            refused.append(error)
        return Reply(ORDER)

    stub.answer = answer
    _create(stub.gateway())
    assert len(refused) == 1
    assert len(stub.asked) == 6


@pytest.mark.parametrize("answer", [WRONG_KEYS, BUSY, Reply({"id": 7})])
def test_any_answer_proves_that_razorpay_is_there(stub: StubRazorpay, answer: Reply) -> None:
    for reply in (LOST, answer, LOST):
        stub.one_by_one(reply)
        for _ in range(4):
            with pytest.raises((GatewayRefused, GatewayUnclear)):
                _create(stub.gateway())
    assert stub.gateway().outage is None


def test_another_account_is_not_held_up(stub: StubRazorpay) -> None:
    stub.one_by_one(LOST)
    _break(stub.gateway())
    stub.one_by_one(Reply(ORDER))
    _create(stub.gateway(key_id="rzp_test_other000000001"))
    assert stub.gateway().outage is not None


def test_without_the_cache_every_call_goes_out(stub: StubRazorpay, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise ValkeyAway("away")

    stub.one_by_one(LOST)
    for name in ("get", "add", "incr", "set", "delete", "get_many", "delete_many"):
        monkeypatch.setattr(circuit_breaker.cache, name, away)
    _break(stub.gateway(), times=7)
    stub.one_by_one(Reply(ORDER))
    _create(stub.gateway())
    assert len(stub.asked) == 8


def test_no_error_and_no_representation_tells_the_secret(stub: StubRazorpay) -> None:
    stub.one_by_one(WRONG_KEYS)
    gateway = stub.gateway()
    with pytest.raises(GatewayRefused) as caught:
        _create(gateway)
    as_logged = "".join(traceback.format_exception(caught.value))
    told = f"{gateway!r} {caught.value!r} {caught.value.__cause__!r} {as_logged}"
    assert SECRET not in told
    assert "rzp_test_stub" in told
