"""Bursts of webhooks: received on the fast path, one worker woken for many, each processed once whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from datetime import timedelta
from io import BytesIO
from typing import Any

import psycopg
import pytest
import time_machine
from auditlog.models import LogEntry
from django.db import connection
from django.utils import timezone

from billing_platform import wsgi
from billing_platform.lib import hmac_signatures
from billing_platform.lib.http.addresses import comes_in_bursts
from billing_platform.lib.work import waking
from invoicing.models import Invoice
from payments.inbox import processing, receiving, storing
from payments.models import InboundWebhook, Payment, PaymentOrder
from tests import factories
from tests.broker import Broker
from tests.invoicing.test_billing_run_survives import ROOT, wait_until_gone
from tests.local.razorpay.harness import WEBHOOK_SECRET
from tests.payments.language import deliver, event_body, issued_invoice, open_order, payment_entity

URL = "/api/v1/webhooks/razorpay"
BODY = b'{"entity":"event","event":"moon.landed","payload":{}}'


@pytest.fixture(autouse=True)
def broker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Broker:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    monkeypatch.setattr(waking, "current_app", broker := Broker())
    monkeypatch.setattr(receiving.worker, "quiet_until", 0.0)
    receiving.worker.started()
    return broker


def ask(body: bytes, path: str = URL, **changes: Any) -> tuple[str, dict[str, str], Any]:
    """Status, headers and answer, as granian gets them."""
    answered: list[Any] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_X_RAZORPAY_SIGNATURE": hmac_signatures.sign(body, WEBHOOK_SECRET),
        "HTTP_X_RAZORPAY_EVENT_ID": "evt_1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
    } | changes
    parts = wsgi.application(environ, lambda *answer: answered.extend(answer))
    return answered[0], dict(answered[1]), json.loads(b"".join(parts))


@pytest.mark.django_db
@pytest.mark.usefixtures("connection_outlives_requests")
@pytest.mark.parametrize(
    ("status", "path", "changes"),
    [
        ("200 OK", URL, {}),
        ("200 OK", "/webhooks/razorpay", {}),
        ("404 Not Found", f"{URL}/{uuid.UUID(int=7)}", {}),
        ("400 Bad Request", URL, {"HTTP_X_RAZORPAY_SIGNATURE": "0" * 64}),
        ("400 Bad Request", URL, {"CONTENT_LENGTH": "100"}),
        ("413 Request Entity Too Large", URL, {"CONTENT_LENGTH": "1000001"}),
    ],
)
def test_both_paths_give_the_same_answer(status: str, path: str, changes: dict[str, Any], settings: Any) -> None:
    assert comes_in_bursts(path)
    fast = ask(BODY, path, **changes)
    settings.FAST_PATH = False
    slow = ask(BODY, path, **changes)
    assert fast[0] == slow[0] == status
    assert set(fast[1]) == set(slow[1])
    for answer in (fast[2], slow[2]):
        answer.pop("request_id", None)
    assert fast[2] == slow[2]


@pytest.mark.parametrize("path", [f"{URL}/7", f"{URL}/", "/webhooks/razorpay/x/y", "/webhooks", "/x/webhooks/razorpay"])
def test_other_addresses_take_the_middleware_path(path: str) -> None:
    assert not comes_in_bursts(path)


@pytest.mark.django_db(transaction=True)
def test_a_burst_is_stored_wakes_a_worker_once_and_is_processed_once_each(broker: Broker) -> None:
    """Four senders, each message sent twice; a poisoned one among them; two workers at once."""
    organisation = factories.organisation("Acme")
    orders = [open_order(issued_invoice(organisation), f"order_Burst{number:09d}") for number in range(3)]
    bodies = [_body(orders[number % 3], number % 3, number) for number in range(60)]
    bodies[30] = event_body("payment.captured", {"payment": payment_entity(orders[0], "captured", amount="much")})
    answers: list[str] = []
    broker.sent.clear()

    def send(first: int) -> None:
        try:
            for number in [*range(first, 60, 4)] * 2:
                answers.append(ask(bodies[number], HTTP_X_RAZORPAY_EVENT_ID=f"evt_{number}")[0])
        finally:
            connection.close()

    _at_once(send, range(4))
    assert Counter(answers) == {"200 OK": 120}
    assert InboundWebhook.objects.count() == 60
    assert broker.sent[0] == ("payments.tasks.process_pending_webhooks", [])
    assert len(broker.sent) < 10  # one, unless it takes longer than the flag lasts

    done: list[int] = []

    def work(_number: int) -> None:
        try:
            done.append(processing.process_due())
        finally:
            connection.close()

    _at_once(work, range(2))
    assert sum(done) == 60
    assert Counter(InboundWebhook.objects.values_list("status", "attempts")) == {
        ("processed", 1): 59,
        ("pending", 1): 1,
    }
    assert [payment.allocated for payment in Payment.objects.all()] == [1180] * 3
    assert set(Invoice.objects.values_list("status", flat=True)) == {"paid"}


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_in_the_way_razorpay_is_asked_to_send_again() -> None:
    with connection.cursor() as cursor, psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("LOCK TABLE payments_inboundwebhook IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '50ms'")
        status, headers, answer = ask(BODY)
        cursor.execute("RESET lock_timeout")
    assert (status, answer["code"], headers["Retry-After"]) == ("503 Service Unavailable", "UNAVAILABLE", "2")
    assert not InboundWebhook.objects.exists()


def test_of_messages_that_share_a_commit_each_is_told_whether_it_was_new(db: None) -> None:
    first, other = (_arrival(BODY, f"evt_{number}") for number in (1, 2))
    again, same_body = _arrival(BODY + b" ", "evt_1"), _arrival(BODY, "evt_3")
    other.webhook.body_digest = "0" * 64
    storing._insert([first, other, again, same_body])
    assert [arrival.is_new for arrival in (first, other, again, same_body)] == [True, True, False, False]


def test_a_report_that_adds_nothing_changes_nothing(invoice: Invoice) -> None:
    """Up to four messages tell of one payment: only the first writes, also into the audit log."""
    order = open_order(invoice)
    deliver("payment.captured", {"payment": payment_entity(order, "captured")}, "evt_1")
    before, entries = Payment.objects.values().get(), LogEntry.objects.count()
    assert deliver("order.paid", {"payment": payment_entity(order, "captured")}, "evt_2").status == "processed"
    assert Payment.objects.values().get() == before
    assert LogEntry.objects.count() == entries


def test_a_message_that_was_tried_before_is_claimed_alone(db: None) -> None:
    for number in range(4):
        ask(BODY + b" " * number, HTTP_X_RAZORPAY_EVENT_ID=f"evt_{number}")
    InboundWebhook.objects.filter(event_id__in=["evt_0", "evt_1"]).update(attempts=1)
    batches = [sorted(row.event_id for row in processing._claim_next()) for _ in range(4)]
    assert batches == [["evt_2", "evt_3"], ["evt_0"], ["evt_1"], []]


_VICTIM = """
import sys, time, django
django.setup()
from django.db import connection
from payments.inbox import processing

applied = processing._apply
def apply_two(webhook):
    if webhook.event_id == "evt_2":  # the third: messages are applied in the order in which they came
        print("two are done", flush=True)
        time.sleep(600)
    applied(webhook)
processing._apply = apply_two
connection.settings_dict["NAME"] = sys.argv[1]
processing.process_due()
"""


@pytest.mark.django_db(transaction=True)
def test_after_kill_9_of_a_worker_in_the_middle_of_its_batch_each_counts_once() -> None:
    invoice = issued_invoice(factories.organisation("Acme"))
    order = open_order(invoice)
    for number, status in enumerate(["authorized", "captured", "captured", "failed"]):
        body = event_body(f"payment.{status}", {"payment": payment_entity(order, status)}, created_at=number)
        ask(body, HTTP_X_RAZORPAY_EVENT_ID=f"evt_{number}")
    database = connection.settings_dict["NAME"]
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, database],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "two are done\n"
        victim.send_signal(signal.SIGKILL)
    finally:
        victim.kill()
        victim.wait()
    wait_until_gone(database)
    assert processing.process_due() == 0  # they are the dead worker's, for minutes
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert processing.process_due() == 2
    ended = InboundWebhook.objects.order_by("event_id").values_list("status", "attempts")
    assert list(ended) == [("processed", 1), ("processed", 1), ("processed", 2), ("processed", 2)]
    assert (Payment.objects.get().allocated, Invoice.objects.get().status) == (1180, "paid")


def _body(order: PaymentOrder, payment: int, number: int) -> bytes:
    entity = payment_entity(order, "captured", id=f"pay_Burst{payment:09d}")
    return event_body("payment.captured", {"payment": entity}, created_at=number)


def _arrival(body: bytes, event_id: str) -> storing.Arrival:
    digest = hmac_signatures.sign(body, "any")
    webhook = InboundWebhook(event_id=event_id, event_type="moon.landed", body=body.decode(), body_digest=digest)
    return storing.Arrival(webhook)


def _at_once(work: Any, numbers: range) -> None:
    threads = [threading.Thread(target=work, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
