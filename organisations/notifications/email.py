"""Send the outbox: claim a row, send it, note the outcome; failures come back with exponential backoff.

A message is claimed by a conditional update, so two workers never send one. The SMTP call happens outside any
transaction. If the worker dies between the server's "250 OK" and our note, the claim goes stale and the message is
sent again: an SMTP server offers no way to ask. The Message-ID stays the same, so mail systems can drop the copy.
"""

from __future__ import annotations

import logging
import random
import uuid
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from organisations.models import Notification
from organisations.notifications.outbox import wake_sender

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
BACKOFF_BASE = timedelta(minutes=1)
BACKOFF_CAP = timedelta(hours=6)
CLAIM_EXPIRES = timedelta(minutes=10)

Status = Notification.Status


def due_notifications(*, limit: int = 100) -> list[UUID]:
    """Ids of messages to send now, and of those whose sender died."""
    now = clock.now()
    stale = Q(status=Status.SENDING, claimed_at__lt=now - CLAIM_EXPIRES)
    pending = Q(status=Status.PENDING, next_attempt_at__lte=now)
    rows = Notification.objects.filter(pending | stale).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def send_notification(*, notification_id: UUID) -> bool:
    """Send one message if it is due and nobody else is sending it. Says whether it was sent."""
    notification = _claim(notification_id)
    if notification is None:
        return False
    if notification.attempts > MAX_ATTEMPTS:
        _note_failure(notification, RuntimeError("Every worker that tried to send it died."))
        return False
    try:
        _build(notification).send()
    except Exception as error:  # whatever it is, it is kept on the row: one that got away would come back for ever
        _note_failure(notification, error)
        return False
    notification.status = Status.SENT
    notification.sent_at = clock.now()
    notification.last_error = ""
    notification.save(update_fields=["status", "sent_at", "last_error", "updated_at"])
    return True


@transaction.atomic
def resend(*, notification_id: UUID) -> Notification:
    """An operator's second try of a message that was given up; or the same message once more, after it was sent.

    What was sent stays as it is: the second message is a row of its own, with an id of its own, which mail systems
    don't take for a copy. Raises DomainError for a message that is still on its way.
    """
    notification: Notification = Notification.objects.select_for_update().get(pk=notification_id)
    if notification.status not in (Status.FAILED, Status.SENT):
        raise DomainError("The e-mail is still on its way: wait for its outcome.", code="NOTIFICATION_ON_ITS_WAY")
    if notification.status == Status.SENT:
        key = notification.dedupe_key.partition("#")[0]
        copies = Notification.objects.filter(dedupe_key__startswith=f"{key}#").count()
        notification.pk, notification.dedupe_key = uuid.uuid4(), f"{key}#{copies + 2}"
        notification.sent_at, notification.claimed_at = None, None
        notification.created_at = clock.now()
        notification._state.adding = True
    notification.status = Status.PENDING
    notification.attempts = 0
    notification.next_attempt_at = clock.now()
    notification.last_error = ""
    notification.save()
    wake_sender(notification)
    return notification


def _claim(notification_id: UUID) -> Notification | None:
    now = clock.now()
    stale = Q(status=Status.SENDING, claimed_at__lt=now - CLAIM_EXPIRES)
    changed = Notification.objects.filter(
        Q(status=Status.PENDING, next_attempt_at__lte=now) | stale, pk=notification_id
    ).update(status=Status.SENDING, claimed_at=now, attempts=F("attempts") + 1)
    return Notification.objects.select_related("organisation").get(pk=notification_id) if changed else None


def _build(notification: Notification) -> EmailMultiAlternatives:
    sender = notification.sender or settings.DEFAULT_FROM_EMAIL
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    message = EmailMultiAlternatives(
        subject=notification.subject,
        body=notification.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        reply_to=[notification.sender] if notification.sender else None,
        to=notification.recipients,
        headers={"Message-ID": f"<{notification.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    if notification.html:
        message.attach_alternative(notification.html, "text/html")
    for attachment in notification.attachments:
        with default_storage.open(attachment["storage_name"], "rb") as file:
            message.attach(attachment["filename"], file.read(), attachment["content_type"])
    return message


def _note_failure(notification: Notification, error: Exception) -> None:
    given_up = notification.attempts >= MAX_ATTEMPTS
    notification.status = Status.FAILED if given_up else Status.PENDING
    notification.last_error = f"{type(error).__name__}: {error}"[:2000]
    notification.next_attempt_at = clock.now() + _backoff(notification.attempts)
    notification.save(update_fields=["status", "last_error", "next_attempt_at", "updated_at"])
    logger.warning(
        "e-mail not sent",
        extra={
            "notification": str(notification.pk),
            "attempt": notification.attempts,
            "reason": notification.last_error,
        },
    )


def _backoff(attempt: int) -> timedelta:
    """1, 2, 4 … minutes, at most 6 hours, each up to a quarter longer so that retries spread out."""
    delay: timedelta = min(BACKOFF_BASE * 2 ** (attempt - 1), BACKOFF_CAP)
    return delay * (1 + random.random() / 4)  # noqa: S311  (jitter, not a secret)
