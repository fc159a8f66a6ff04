"""The webhook inbox checks the signature and stores one row for each message, word for word."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from billing_platform.lib import hmac_signatures
from invoicing.models import Invoice
from payments.models import InboundWebhook, Payment
from payments.services.offline import record_offline_payment
from tests.local.razorpay.harness import WEBHOOK_SECRET
from tests.payments.language import deliver, open_order, payment_entity

URL = "/api/v1/webhooks/razorpay"


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]


def post(body: bytes, *, url: str = URL, secret: str = WEBHOOK_SECRET, event_id: str = "evt_1", **headers: str) -> Any:
    values = {"X-Razorpay-Signature": hmac_signatures.sign(body, secret), "X-Razorpay-Event-Id": event_id, **headers}
    return Client(enforce_csrf_checks=True).post(url, body, content_type="application/json", headers=values)


CAPTURED = b'{"entity":"event","event":"payment.captured","payload":{}}'


@pytest.mark.parametrize("url", [URL, "/webhooks/razorpay", f"{URL}/", "/webhooks/razorpay/"])
def test_a_signed_event_is_stored_word_for_word(db: None, url: str) -> None:
    body = '{"event":"payment.captured", "payload":{}, "note":"₹ \\ud83d\\ude00"}'.encode()
    response = post(body, url=url, **{"User-Agent": "Razorpay-Webhook/v1", "Cookie": "secret=1"})
    assert (response.status_code, response.json()) == (200, {"status": "ok", "event_id": "evt_1"})
    stored = InboundWebhook.objects.get()
    assert (stored.body.encode(), stored.event_type, stored.status) == (body, "payment.captured", "pending")
    assert stored.headers["User-Agent"] == "Razorpay-Webhook/v1"
    assert "Cookie" not in stored.headers


def test_an_event_delivered_again_is_answered_with_200_and_stored_once(db: None) -> None:
    assert [post(CAPTURED).status_code for _ in range(3)] == [200, 200, 200]
    assert InboundWebhook.objects.count() == 1


def test_without_an_event_id_the_body_names_the_event(db: None) -> None:
    for _ in range(2):
        assert post(CAPTURED, event_id="").status_code == 200
    assert InboundWebhook.objects.get().event_id.startswith("sha256:")
    assert post(CAPTURED + b" ", event_id="x" * 101).status_code == 200
    assert InboundWebhook.objects.count() == 2


def test_one_captured_message_is_stored_once_under_any_number_of_event_ids(db: None) -> None:
    """The event id is a header outside the signature: whoever saw one message could fill the table with it."""
    answers = [post(CAPTURED, event_id=f"evt_{number}") for number in range(5)]
    assert {(answer.status_code, answer.json()["event_id"]) for answer in answers} == {(200, "evt_0")}
    assert InboundWebhook.objects.count() == 1
    assert post(CAPTURED + b" ", event_id="evt_0").status_code == 200  # a known id with another body: known as before
    assert InboundWebhook.objects.get().body == CAPTURED.decode()


@pytest.mark.django_db(transaction=True)
def test_one_message_under_many_ids_at_once_is_stored_once() -> None:
    seen: list[Any] = []

    def work(number: int) -> None:
        try:
            seen.append(post(CAPTURED, event_id=f"evt_{number}").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen, InboundWebhook.objects.count()) == ([200] * 8, 1)


def test_a_signed_body_nested_without_end_is_refused(db: None) -> None:
    body = b'{"event":"payment.captured","payload":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}"
    response = post(body)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_BODY")


def test_a_signed_body_of_more_than_a_megabyte_is_refused(db: None) -> None:
    body = b'{"event":"payment.captured","payload":{},"x":"' + b"x" * 1_000_000 + b'"}'
    response = post(body)
    assert (response.status_code, response.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert InboundWebhook.objects.count() == 0


@pytest.mark.parametrize("value", [None, "", 7, [], "pay\u0000"])
@pytest.mark.parametrize(
    ("name", "event"),
    [("payment", "payment.captured"), ("payment_link", "payment_link.cancelled"), ("refund", "refund.created")],
)
def test_a_message_about_something_without_an_id_is_stored_with_the_reason(
    invoice: Invoice, name: str, event: str, value: Any
) -> None:
    """Offline payments have no Razorpay id either: an id of null must not find one."""
    order = open_order(invoice)
    for number in range(2):
        record_offline_payment(
            invoice_id=invoice.pk,
            amount=Decimal(10),
            method="cheque",
            reference=f"{number}",
            received_on=invoice.issue_date or date.min,
        )
    payload = {name: {"id": value, "status": "cancelled", "amount": 1, "currency": "INR", "created_at": 1}}
    if name == "refund":
        payload["payment"] = payment_entity(order, "captured")
    webhook = deliver(event, payload, "evt_1")
    assert webhook.status == "ignored"
    assert webhook.outcome.startswith("It reports about something without an id")
    assert not Payment.objects.filter(kind="gateway").exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Razorpay-Signature": ""},
        {"X-Razorpay-Signature": "0" * 64},
        {"X-Razorpay-Signature": hmac_signatures.sign(CAPTURED, WEBHOOK_SECRET).upper()},
        {"X-Razorpay-Signature": hmac_signatures.sign(CAPTURED + b" ", WEBHOOK_SECRET)},
        {"X-Razorpay-Signature": hmac_signatures.sign(CAPTURED, "")},
    ],
)
def test_a_bad_signature_is_refused_and_stores_nothing(db: None, headers: dict[str, str]) -> None:
    response = post(CAPTURED, **headers)
    assert (response.status_code, response.json()["code"]) == (400, "SIGNATURE_INVALID")
    assert InboundWebhook.objects.count() == 0


def test_the_secret_of_the_vectors_signs_as_documented(db: None) -> None:
    body = b'{"entity":"event","event":"payment.captured"}'
    assert (
        hmac_signatures.sign(body, "whsec_local") == "c0a001608994ad76baf83ec52fb3290edfabca1d36bfb6f65efff5c53a6a342e"
    )
    spaced = b'{"entity": "event", "event": "payment.captured"}'
    assert (
        hmac_signatures.sign(spaced, "whsec_local")
        == "7eace7070892d4555864331a663d7da5894cf66ca9d276682daec546a3eaa439"
    )


def test_during_a_rotation_the_old_secret_still_counts(db: None, settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = ["new", "old"]
    assert post(CAPTURED, secret="old").status_code == 200
    assert post(CAPTURED, secret="new", event_id="evt_2").status_code == 200
    assert post(CAPTURED, secret="older", event_id="evt_3").status_code == 400


def test_without_a_secret_everything_is_refused(db: None, settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = []
    assert post(CAPTURED, secret="").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"event":"a"}',
        b'{"event":1,"payload":{}}',
        b'{"event":"a","payload":[]}',
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(db: None, body: bytes) -> None:
    response = post(body)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_BODY")
    assert InboundWebhook.objects.count() == 0


def test_only_post_is_answered(db: None) -> None:
    response = Client().get(URL)
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_storing_takes_few_queries(db: None, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        post(CAPTURED)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payments_inboundwebhook SET body = '{}'",
        "UPDATE payments_inboundwebhook SET event_id = 'x'",
        "DELETE FROM payments_inboundwebhook",
        "TRUNCATE payments_inboundwebhook",
    ],
)
def test_what_arrived_is_never_rewritten(db: None, sql: str) -> None:
    post(CAPTURED)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
