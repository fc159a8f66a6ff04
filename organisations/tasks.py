"""Jobs of the outbox, of outgoing webhooks and of the stored answers."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from organisations import idempotency
from organisations.notifications import email
from organisations.webhooks.forgetting import forget_old_messages
from organisations.webhooks.sending import send_due


@shared_task
def send_notification(notification_id: str) -> None:
    """Send one message, right after it was stored."""
    email.send_notification(notification_id=UUID(notification_id))


@shared_task
def send_pending_notifications() -> None:
    """Send what is due: retries, and messages whose wake-up was lost."""
    for notification_id in email.due_notifications():
        email.send_notification(notification_id=notification_id)


@shared_task
def forget_stored_answers() -> int:
    """Delete the stored answers that are older than 24 hours. Returns how many."""
    return idempotency.forget_expired()


@shared_task
def send_webhooks() -> int:
    """Send the webhook deliveries that are due. Returns how many tries were made."""
    return send_due()


@shared_task
def forget_webhooks() -> int:
    """Delete old messages with the log of their deliveries. Returns how many."""
    return forget_old_messages()
