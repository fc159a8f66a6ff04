"""Each operator action is in the append-only audit log with its user and address, even if it saves no row."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from billing_platform.lib import clock
from events.models import EventBatch
from invoicing.models import BillingRun, BillingRunItem, InvoiceDelivery
from invoicing.services import delivery, issuing
from organisations.models import AuditEntry, Notification, Organisation, Project
from payments.models import InboundWebhook
from tests.admin.test_object_actions import act, action_url
from tests.invoicing.language import one_off

pytestmark = pytest.mark.django_db


def entry_of(obj: Any) -> AuditEntry:
    """The newest entry of an object."""
    return AuditEntry.objects.filter(object_pk=str(obj.pk), content_type__model=obj._meta.model_name).latest("pk")


def done_by_operator(obj: Any, organisation: Organisation, **changed: list[str]) -> None:
    entry = entry_of(obj)
    assert entry.actor.username == "operator"
    assert entry.remote_addr == "127.0.0.1"
    assert entry.additional_data["organisation"] == str(organisation.pk)
    assert changed.items() <= entry.changes.items()


def test_sending_an_email_again(acme: Organisation, as_operator: Client) -> None:
    failed = Notification.objects.create(
        organisation=acme, kind="test", dedupe_key="1", recipients=["a@example.com"], subject="s", text="t",
        next_attempt_at=clock.now(), status="failed", attempts=8,
    )  # fmt: skip
    act(as_operator, action_url(failed, "try_now"))
    done_by_operator(failed, acme, status=["failed", "pending"], attempts=["8", "0"])


def test_trying_to_deliver_an_invoice_again(acme: Organisation, as_operator: Client) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    InvoiceDelivery.objects.update(attempts=8, next_attempt_at=None, last_failure="OSError: the disk is full")
    page = as_operator.get(reverse("admin:invoicing_invoice_change", args=[invoice.pk])).content.decode()
    assert "Given up" in page
    assert "8 of 8" in page
    assert "OSError: the disk is full" in page
    act(as_operator, action_url(invoice, "try_now"))
    done_by_operator(invoice, acme, delivery_attempts=["8", "0"])
    assert delivery.due_deliveries() == [invoice.pk]
    again = as_operator.get(action_url(invoice, "try_now"), follow=True)
    assert "does not apply" in again.content.decode()  # nothing failed since


@pytest.fixture
def held(project: Project) -> EventBatch:
    return EventBatch.objects.create(
        organisation=project.organisation,
        project=project,
        event_count=1,
        packed_events=b"?",
        status="quarantined",
        attempts=5,
    )


def test_settling_a_batch_again(held: EventBatch, acme: Organisation, as_operator: Client) -> None:
    act(as_operator, action_url(held, "retry"))
    done_by_operator(held, acme, status=["quarantined", "pending"])


def test_discarding_a_batch_and_why(held: EventBatch, acme: Organisation, as_operator: Client) -> None:
    act(as_operator, action_url(held, "discard"), reason="sent by mistake")
    done_by_operator(held, acme, status=["quarantined", "settled"], dead_lettered=["0", "1"])
    assert entry_of(held).additional_data["reason"] == "sent by mistake"


def test_processing_a_webhook_again(acme: Organisation, as_operator: Client) -> None:
    webhook = InboundWebhook.objects.create(
        organisation=acme, event_id="evt_1", event_type="payment.captured", body="{}", status="failed"
    )
    act(as_operator, action_url(webhook, "try_now"))
    done_by_operator(webhook, acme, status=["failed", "pending"])


def test_trying_a_billing_item_again(acme: Organisation, as_operator: Client) -> None:
    run = BillingRun.objects.create(period_start=date(2026, 10, 1), requested_by="schedule")
    item = BillingRunItem.objects.create(run=run, organisation=acme, status="failed", reason="?")
    act(as_operator, action_url(item, "retry"))
    done_by_operator(item, acme, status=["failed", "pending"], reason=["?", ""])


def test_continuing_a_billing_run(acme: Organisation, as_admin: Client) -> None:
    run = BillingRun.objects.create(period_start=date(2026, 10, 1), requested_by="schedule")
    item = BillingRunItem.objects.create(run=run, organisation=acme, status="failed", reason="?")
    act(as_admin, action_url(run, "carry_on"))
    assert entry_of(item).actor.username == "admin"
    assert entry_of(item).changes["status"] == ["failed", "pending"]


def test_switching_off_a_job_and_running_it_now(as_admin: Client) -> None:
    job = PeriodicTask.objects.get(name="Settle events")
    page = reverse("admin:django_celery_beat_periodictask_change", args=[job.pk])
    as_admin.post(page, {"description": "", "interval": job.interval_id})
    assert entry_of(job).changes["enabled"] == ["True", "False"]
    act(as_admin, action_url(job, "run_now"))
    assert entry_of(job).action == AuditEntry.Action.ACCESS
    assert entry_of(job).actor.username == "admin"


def test_a_job_that_ran_is_no_entry(db: None) -> None:
    job = PeriodicTask.objects.get(name="Settle events")
    before = AuditEntry.objects.count()
    job.last_run_at, job.total_run_count = clock.now(), 7
    job.save()
    assert AuditEntry.objects.count() == before


def test_a_new_password_is_noted_without_any_of_its_hash(viewer: Any) -> None:
    viewer.set_password("another-good-password")
    viewer.save()
    assert "password" in entry_of(viewer).changes
    assert viewer.password[-8:] not in str(entry_of(viewer).changes)
