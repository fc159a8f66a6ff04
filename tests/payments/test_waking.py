"""Work starts at once while the broker is up, and is not lost while the broker is down."""

from __future__ import annotations

from typing import Any

import pytest

from billing_platform.celery import app
from billing_platform.lib import hmac_signatures
from billing_platform.lib.work import waking
from billing_platform.periodic_jobs import PERIODIC_JOBS
from invoicing.services.voiding import void_invoice
from organisations.models import Organisation
from payments import selectors
from payments.inbox.processing import process_webhook
from payments.inbox.receiving import receive_webhook
from tests.broker import Broker
from tests.local.razorpay.harness import WEBHOOK_SECRET
from tests.payments.language import event_body, issued_invoice


def test_issuing_and_voiding_wake_collection(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(waking, "current_app", broker := Broker())
    with django_capture_on_commit_callbacks(execute=True):
        invoice = issued_invoice(acme)
    with django_capture_on_commit_callbacks(execute=True):
        void_invoice(invoice_id=invoice.pk, reason="mistake")
    assert [sent for sent in broker.sent if sent[0].startswith("payments.")] == [
        ("payments.tasks.use_credit", [str(invoice.pk)]),
        ("payments.tasks.collect_invoice", [str(invoice.pk)]),
        ("payments.tasks.retire_orders", [str(invoice.pk)]),
    ]


def test_no_work_is_lost_while_the_broker_is_down(
    acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    monkeypatch.setattr(waking, "current_app", Broker(is_up=False))
    body = event_body("payment.captured", {})
    with django_capture_on_commit_callbacks(execute=True):
        invoice = issued_invoice(acme)
        webhook = receive_webhook(
            body=body, signature=hmac_signatures.sign(body, WEBHOOK_SECRET), event_id="evt_1", headers={}
        )
    assert selectors.invoices_to_collect() == [invoice.pk]
    assert process_webhook(webhook_id=webhook.pk)


def test_every_job_that_is_woken_or_scheduled_exists() -> None:
    app.loader.import_default_modules()
    woken = ["collect_invoice", "retire_orders", "close_link", "capture_payment"]
    scheduled = [task for task, _timing in PERIODIC_JOBS.values() if task.startswith("payments.")]
    assert scheduled
    assert {f"payments.tasks.{name}" for name in woken} | set(scheduled) <= set(app.tasks)
