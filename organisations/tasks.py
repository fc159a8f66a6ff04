"""Jobs of the outbox, of outgoing webhooks, of bulk jobs and of the stored answers."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from billing_platform.lib.work.waking import wake_each
from organisations import idempotency
from organisations.notifications import email
from organisations.services.bulk import running
from organisations.services.bulk.starting import TASK
from organisations.webhooks.announcing import SENDER
from organisations.webhooks.forgetting import forget_old_messages
from organisations.webhooks.sending import send_due


@shared_task
def send_notification(notification_id: str) -> None:
    """Send one message, right after it was stored."""
    email.send_notification(notification_id=UUID(notification_id))


@shared_task
def send_pending_notifications() -> None:
    """Have what is due sent: retries, and messages whose wake-up was lost. Each by a task of its own: a mail server
    that is slow for one keeps no other waiting."""
    wake_each("organisations.tasks.send_notification", email.due_notifications())


@shared_task
def forget_stored_answers() -> int:
    """Delete the stored answers that are older than 24 hours. Returns how many."""
    return idempotency.forget_expired()


@shared_task
def send_webhooks() -> int:
    """Send the webhook deliveries that are due. Returns how many tries were made."""
    return send_due(last_look_after=SENDER.LAST_LOOK_SECONDS)


@shared_task
def forget_webhooks() -> int:
    """Delete old messages with the log of their deliveries. Returns how many."""
    return forget_old_messages()


@shared_task
def run_bulk_job(job_id: str) -> None:
    """Do rows of a bulk job, right after it was confirmed, and on until none waits."""
    running.run_job(job_id=UUID(job_id))


@shared_task
def go_on_with_bulk_jobs() -> None:
    """Have bulk jobs worked off that are due: whose wake-up was lost, or whose worker died."""
    wake_each(TASK, running.due_jobs())
