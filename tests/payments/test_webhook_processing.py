"""Each stored webhook is applied once, in any order, also after a worker died."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice
from organisations.models import Organisation
from payments import selectors
from payments.inbox.processing import process_webhook, try_now
from payments.models import InboundWebhook, Payment, PaymentOrder
from payments.services import collection
from tests import factories
from tests.local.razorpay.harness import WEBHOOK_SECRET, SandboxProcess
from tests.payments.language import deliver, event_body, hand_over, issued_invoice, open_order, payment_entity
from tests.payments.test_webhooks import post


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]


def test_a_captured_payment_is_credited_and_the_row_says_so(invoice: Invoice) -> None:
    order = open_order(invoice)
    webhook = deliver("payment.captured", {"payment": payment_entity(order, "captured")}, "evt_1")
    assert (webhook.status, webhook.attempts) == ("processed", 1)
    assert webhook.outcome == "Payment pay_Test0000000001 is captured."
    assert webhook.organisation == invoice.organisation
    invoice.refresh_from_db()
    assert invoice.status == "paid"


@pytest.mark.parametrize("order_of_events", list(permutations(["authorized", "captured", "failed", "order.paid"])))
def test_events_of_one_payment_in_any_order_end_the_same(invoice: Invoice, order_of_events: tuple[str, ...]) -> None:
    order = open_order(invoice)
    for number, name in enumerate([*order_of_events, order_of_events[0]]):
        if name == "order.paid":
            entity = {"id": order.razorpay_order_id, "entity": "order", "status": "paid"}
            payload = {"payment": payment_entity(order, "captured"), "order": entity}
        else:
            payload = {"payment": payment_entity(order, name)}
        webhook = deliver(name if "." in name else f"payment.{name}", payload, f"evt_{number}")
        assert webhook.status == "processed", webhook.last_failure
    payment = Payment.objects.get()
    invoice.refresh_from_db()
    order.refresh_from_db()
    assert (payment.status, payment.error_code, str(payment.fee)) == ("captured", "", "27.8400")
    assert (payment.allocated, invoice.amount_due) == (1180, 0)
    assert (invoice.status, order.status) == ("paid", "paid")


def test_a_webhook_about_an_unknown_order_is_stored_and_ignored_with_the_reason(invoice: Invoice) -> None:
    order = open_order(invoice)
    webhook = deliver("payment.captured", {"payment": payment_entity(order, "captured", order_id="order_X")}, "evt_1")
    assert webhook.status == "ignored"
    assert webhook.outcome == "No payment order of ours belongs to pay_Test0000000001 (order order_X)."
    assert Payment.objects.count() == 0


def test_an_ignored_event_counts_once_its_order_is_known(invoice: Invoice) -> None:
    stranger = open_order(invoice, "order_Unknown")
    body = {"payment": payment_entity(stranger, "captured", order_id="order_Later")}
    webhook = deliver("payment.captured", body, "evt_1")
    assert webhook.status == "ignored"
    PaymentOrder.objects.filter(pk=stranger.pk).update(razorpay_order_id="order_Later")
    try_now(webhook_id=webhook.pk)
    assert process_webhook(webhook_id=webhook.pk)
    invoice.refresh_from_db()
    assert invoice.status == "paid"


def test_an_event_of_an_unknown_type_is_stored_and_ignored(db: None) -> None:
    webhook = deliver("moon.landed", {"moon": {"id": "moon_1"}}, "evt_1")
    assert (webhook.status, webhook.next_attempt_at) == ("ignored", None)
    assert webhook.outcome == "This type of message is unknown: it is stored, and leads to no action."


def test_a_type_that_is_not_handled_is_ignored_even_if_it_names_a_payment(invoice: Invoice) -> None:
    entity = payment_entity(open_order(invoice), "captured")
    webhook = deliver("invoice.paid", {"payment": entity, "invoice": {"id": "inv_1"}}, "evt_1")
    assert (webhook.status, webhook.next_attempt_at) == ("ignored", None)
    assert not Payment.objects.exists()


def test_a_payment_of_another_amount_is_recorded_with_the_problem(invoice: Invoice) -> None:
    order = open_order(invoice)
    webhook = deliver("payment.captured", {"payment": payment_entity(order, "captured", amount=100)}, "evt_1")
    assert webhook.status == "processed"
    assert "Paid ₹1.00, but the order asks for ₹1,180.00." in webhook.outcome
    invoice.refresh_from_db()
    assert invoice.status == "finalized"


def test_what_can_not_be_understood_is_tried_again_then_given_up_visibly(invoice: Invoice) -> None:
    order = open_order(invoice)
    broken = payment_entity(order, "captured", amount="118000")  # text, not an integer
    webhook = deliver("payment.captured", {"payment": broken}, "evt_1")
    assert (webhook.status, webhook.attempts) == ("pending", 1)
    assert "not an amount in minor units" in webhook.last_failure
    assert not process_webhook(webhook_id=webhook.pk)  # not due yet
    assert not selectors.webhooks_are_due()
    later = timezone.now()
    for _ in range(InboundWebhook.max_attempts - 1):
        later += timedelta(hours=8)
        with time_machine.travel(later):
            assert selectors.webhooks_are_due()
            process_webhook(webhook_id=webhook.pk)
    webhook.refresh_from_db()
    assert (webhook.status, webhook.attempts) == ("failed", InboundWebhook.max_attempts)
    assert selectors.webhook_backlog().failed == 1
    assert Payment.objects.count() == 0
    try_now(webhook_id=webhook.pk)
    with pytest.raises(DomainError):
        try_now(webhook_id=webhook.pk)
    webhook.refresh_from_db()
    assert (webhook.status, webhook.attempts) == ("pending", 0)


def test_the_message_of_a_dead_worker_is_taken_over(invoice: Invoice) -> None:
    body = event_body("payment.captured", {"payment": payment_entity(open_order(invoice), "captured")})
    post(body)
    webhook = InboundWebhook.objects.get()
    InboundWebhook.objects.update(status="processing", claimed_until=timezone.now() + timedelta(minutes=5), attempts=1)
    assert not process_webhook(webhook_id=webhook.pk)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert selectors.webhooks_are_due()
        assert process_webhook(webhook_id=webhook.pk)
    invoice.refresh_from_db()
    assert invoice.status == "paid"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_apply_a_message_once() -> None:
    invoice = issued_invoice(factories.organisation("Acme"))
    order = open_order(invoice)
    ids = []
    for number, status in enumerate(["authorized", "captured", "captured", "failed"]):
        body = event_body(f"payment.{status}", {"payment": payment_entity(order, status)}, created_at=number)
        post(body, event_id=f"evt_{number}")
    ids = list(InboundWebhook.objects.values_list("pk", flat=True))
    ended: list[Any] = []

    def work(webhook_id: Any) -> None:
        try:
            ended.append(process_webhook(webhook_id=webhook_id))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[webhook_id]) for webhook_id in ids * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == [False] * 8 + [True] * 4
    assert set(InboundWebhook.objects.values_list("status", "attempts")) == {("processed", 1)}
    payment = Payment.objects.get()
    assert (payment.status, payment.allocated) == ("captured", 1180)
    invoice.refresh_from_db()
    assert invoice.status == "paid"


def test_the_sandboxs_events_pay_an_order_shuffled_and_doubled(razorpay: SandboxProcess, invoice: Invoice) -> None:
    order = collection.ensure_order(invoice_id=invoice.pk)
    razorpay.control("settings", {"reorder": True, "duplicate": 1})
    razorpay.pay(order.razorpay_order_id or "", "fail")
    razorpay.pay(order.razorpay_order_id or "", "success", method="card")
    stored = hand_over(razorpay.deliveries())
    assert len(stored) == 8
    assert {row.status for row in stored} == {"processed"}
    assert InboundWebhook.objects.count() == 4
    invoice.refresh_from_db()
    assert (invoice.status, Payment.objects.filter(status="captured").count()) == ("paid", 1)


def test_a_late_authorisation_is_credited_after_its_failure(razorpay: SandboxProcess, invoice: Invoice) -> None:
    order = collection.ensure_order(invoice_id=invoice.pk)
    payment = razorpay.pay(order.razorpay_order_id or "", "late")
    hand_over(razorpay.deliveries())
    assert Payment.objects.get().status == "failed"
    razorpay.control(f"payments/{payment['id']}/late_authorize")
    hand_over(razorpay.deliveries())
    assert Payment.objects.get().status == "captured"
    invoice.refresh_from_db()
    assert invoice.status == "paid"


@pytest.mark.parametrize("reverse", [False, True])
def test_a_payment_link_is_known_by_its_payments(razorpay: SandboxProcess, invoice: Invoice, reverse: bool) -> None:
    """payment.authorized and payment.captured name only the link's order, which nobody told us."""
    link = collection.create_payment_link(invoice_id=invoice.pk)
    razorpay.http.get(link.short_url, timeout=5)  # opening it makes the order
    entity = razorpay.client().payment_link.fetch(link.razorpay_link_id)
    razorpay.pay(entity["order_id"], "success")
    deliveries = razorpay.deliveries()
    stored = hand_over(deliveries[::-1] if reverse else deliveries)
    assert [row.status for row in stored] == ["processed"] * 4
    link.refresh_from_db()
    invoice.refresh_from_db()
    assert (link.status, link.razorpay_order_id, invoice.status) == ("paid", entity["order_id"], "paid")
    assert Payment.objects.get().allocated == 1180


def test_a_link_cancelled_at_the_gateway_is_not_shown_any_more(razorpay: SandboxProcess, invoice: Invoice) -> None:
    link = collection.create_payment_link(invoice_id=invoice.pk)
    razorpay.client().payment_link.cancel(link.razorpay_link_id)
    [webhook] = hand_over(razorpay.deliveries())
    link.refresh_from_db()
    assert (webhook.status, link.status) == ("processed", "superseded")
    assert link.closed_at is not None


def test_a_message_is_seen_by_its_organisation_only(invoice: Invoice, acme: Organisation, operator: Any) -> None:
    deliver("payment.captured", {"payment": payment_entity(open_order(invoice), "captured")}, "evt_1")
    deliver("settlement.processed", {"settlement": {}}, "evt_2")
    stranger = factories.member("stranger", factories.organisation("Initech"), "operator")
    assert [row.event_id for row in InboundWebhook.objects.for_organisations(operator)] == ["evt_1"]
    assert list(InboundWebhook.objects.for_organisations(stranger)) == []
