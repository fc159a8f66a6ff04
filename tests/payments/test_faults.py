"""Whatever goes wrong around a call to Razorpay: money ends right, once, and nothing waits in silence.

A table of operations (rows) and faults (columns), each cell over HTTP with the real SDK. A cell makes one call go
wrong, audits, lets time pass while the jobs run, lets payer and bank act, and audits again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from organisations.models import Organisation
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.debits import NOVEMBER
from tests.payments.matrix.audit import assert_no_secret, audit
from tests.payments.matrix.operations import OPERATIONS, Operation
from tests.payments.matrix.world import World

BEFORE = (
    "timeout_before",
    "drop_before",
    "429_json",
    "429_empty",
    "429_retry_after",
    "500",
    "502_html",
    "gateway_error",
)
AFTER = (
    "timeout_after_commit",
    "drop_after_commit",
    "500_after_commit",
    "502_after_commit",
    "gateway_error_after_commit",
    "cut_json_after_commit",
)
"""It is done at Razorpay, and we don't learn of it."""

SOME = ("drop_before", "429_json", "timeout_after_commit", "502_after_commit")
"""For calls that are made as another operation makes its own."""

pytestmark = pytest.mark.usefixtures("no_repeats")


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOVEMBER, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(
    razorpay: SandboxProcess, clock: Any, acme: Organisation, settings: Any, caplog: pytest.LogCaptureFixture
) -> Iterator[World]:
    settings.RAZORPAY_TIMEOUT_SECONDS = (2.0, 0.5)
    caplog.set_level(logging.DEBUG, logger="urllib3")
    caplog.set_level(logging.INFO)
    yield World(razorpay, clock, acme)
    assert_no_secret(caplog.get_records("call"))


CELLS = [
    (name, kind) for name in OPERATIONS for kind in (SOME if name in ("announcement", "rupee") else BEFORE + AFTER)
]


def to_the_end(world: World, operation: Operation, **order_of_messages: bool) -> None:
    """Time passes, the jobs run, payer and bank act, their messages come: then all must be right."""
    world.time_passes()
    operation.again()
    operation.happens()
    world.post(**order_of_messages)
    world.jobs()
    operation.has_ended_right()
    audit(world, at_rest=True)


@pytest.mark.parametrize(("name", "kind"), CELLS)
def test_a_call_that_goes_wrong(world: World, name: str, kind: str) -> None:
    operation = OPERATIONS[name](world)
    world.breaks(operation.call, kind)
    if operation.look_up and kind in AFTER:  # which fails too: only a later one finds it
        world.breaks(operation.look_up, "500")
    operation.act()
    operation.is_done_or_says_why()
    audit(world)
    to_the_end(world, operation)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_call_that_goes_wrong_for_hours(world: World, name: str) -> None:
    """Each try finds Razorpay away: reasons and buttons stand, nothing piles up, and afterwards all is done once."""
    operation = OPERATIONS[name](world)
    world.breaks(operation.call, "502_html", times=100)
    for _ in range(3):
        operation.act()
        operation.is_done_or_says_why()
        world.passes(minutes=20)
    audit(world)
    world.razorpay.control("faults", method="DELETE")
    to_the_end(world, operation)


@pytest.mark.parametrize("messages", ["twice", "backwards"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_messages_come_as_they_like(world: World, name: str, messages: str) -> None:
    operation = OPERATIONS[name](world)
    operation.act()
    to_the_end(world, operation, **{messages: True})


@pytest.mark.parametrize("name", OPERATIONS)
def test_messages_come_before_the_answer(world: World, name: str) -> None:
    """It is done at Razorpay, all that follows from it too, and only then we look for the answer."""
    operation = OPERATIONS[name](world)
    world.breaks(operation.call, "drop_after_commit")
    if operation.look_up:
        world.breaks(operation.look_up, "500")
    operation.act()
    operation.happens()
    world.post()
    audit(world)
    for _ in range(2):
        world.time_passes()
        operation.again()
        world.post()
    operation.has_ended_right()
    audit(world, at_rest=True)
