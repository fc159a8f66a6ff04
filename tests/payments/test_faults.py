"""Whatever goes wrong around a call to Razorpay: money ends right, once, and nothing waits in silence.

A table of operations (rows) and faults (columns), each cell over HTTP with the real SDK. A cell makes one call go
wrong, audits, lets time pass while the jobs run, lets payer and bank act, and audits again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from billing_platform.lib import hmac_signatures
from organisations.models import Organisation
from payments.gateways import repeats
from payments.models import InboundWebhook
from tests.admin.conftest import signed_in
from tests.local.razorpay.harness import KEY_SECRET, WEBHOOK_SECRET, SandboxProcess
from tests.payments.matrix.audit import assert_no_secret, audit
from tests.payments.matrix.operations import OPERATIONS
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

ONE_TRY = pytest.mark.usefixtures("no_repeats")
"""As if all repeats within a call had failed too."""


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


@ONE_TRY
@pytest.mark.parametrize(("name", "kind"), CELLS)
def test_a_call_that_goes_wrong(world: World, name: str, kind: str) -> None:
    operation = OPERATIONS[name](world)
    world.breaks(operation.call, kind)
    if operation.look_up and kind in AFTER:  # which fails too: only a later one finds it
        world.breaks(operation.look_up, "500")
    operation.act()
    operation.is_done_or_says_why()
    audit(world)
    operation.to_the_end()


@pytest.mark.parametrize("kind", ["drop_before", "drop_after_commit", "502_after_commit", "cut_json_after_commit"])
@pytest.mark.parametrize("name", ["refund", "rupee"])
def test_what_has_a_key_is_repeated_at_once(
    world: World, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "FIRST_SECONDS", 0)
    operation = OPERATIONS[name](world)
    world.breaks(operation.call, kind, times=3)
    operation.act()
    assert not operation.row().last_failure
    audit(world)
    operation.to_the_end()


@ONE_TRY
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
    operation.to_the_end()


@pytest.mark.parametrize("messages", ["twice", "backwards"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_messages_come_as_they_like(world: World, name: str, messages: str) -> None:
    operation = OPERATIONS[name](world)
    operation.act()
    operation.to_the_end(**{messages: True})


@ONE_TRY
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


FORGERIES: dict[str, Callable[[bytes], tuple[bytes, str]]] = {
    "no signature": lambda body: (body, ""),
    "a wrong secret": lambda body: (body, hmac_signatures.sign(body, "whsec_wrong")),
    "the API's secret": lambda body: (body, hmac_signatures.sign(body, KEY_SECRET)),
    "an altered amount": lambda body: (body.replace(b"118000", b"118001"), hmac_signatures.sign(body, WEBHOOK_SECRET)),
    "another order": lambda body: (body.replace(b"order_", b"ordre_"), hmac_signatures.sign(body, WEBHOOK_SECRET)),
    "a space more": lambda body: (body + b" ", hmac_signatures.sign(body, WEBHOOK_SECRET)),
    "a huge body": lambda body: (body + b" " * 1_000_000, hmac_signatures.sign(body, WEBHOOK_SECRET)),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_message_changes_nothing_and_keeps_no_true_one_out(world: World, client: Client, name: str) -> None:
    """Under the event id of the true message, which comes afterwards and counts."""
    operation = OPERATIONS["order"](world)
    operation.act()
    operation.happens()
    for delivery in world.razorpay.deliveries():
        body, signature = FORGERIES[name](delivery["body"].encode())
        headers = {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": delivery["event_id"]}
        answer = client.post("/api/v1/webhooks/razorpay", body, content_type="application/json", headers=headers)
        assert answer.status_code in (400, 413)
    assert not InboundWebhook.objects.exists()
    world.post()
    operation.has_ended_right()
    audit(world, at_rest=True)


@ONE_TRY
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_waits_stands_in_a_list_with_its_reason_and_a_button(world: World, admin_user: Any, name: str) -> None:
    operation = OPERATIONS[name](world)
    world.breaks(operation.call, "500")
    operation.act()
    as_admin = signed_in(admin_user)
    row = operation.row()
    assert page_of(row) in as_admin.get(reverse(f"{admin_of(row)}_changelist")).content.decode()
    assert "The server encountered an error." in as_admin.get(page_of(row)).content.decode()
    assert operation.button in as_admin.get(page_of(operation.has_the_button())).content.decode()


def admin_of(row: Model) -> str:
    return f"admin:{row._meta.app_label}_{row._meta.model_name}"


def page_of(row: Model) -> str:
    return reverse(f"{admin_of(row)}_change", args=[row.pk])
