"""Send the outbox: claim a row, send it, note the outcome.

The SMTP call is made outside any transaction. If the worker dies between the server's "250 OK" and our note, the claim
ends by itself and the message is sent again: SMTP has no way to ask a server whether it has a message already. The
Message-ID stays the same, so that mail systems can drop the copy.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from email.message import Message
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work.claims import claim, done, due_ids, note_failure
from organisations.models import BillingHold, Notification, NotificationEvent, SuppressedAddress, held
from organisations.notifications.handing_over import Refusal, hand_over
from organisations.notifications.kinds import kind_may_be_switched_off, names_of_others
from organisations.notifications.made_files import made_content
from organisations.notifications.outbox import wake_sender
from organisations.notifications.suppressing import suppressed
from organisations.notifications.switches import unsubscribe_link
from organisations.notifications.tracking import METADATA, note_handed, note_left_out

logger = logging.getLogger(__name__)

Status = Notification.Status
Kind = NotificationEvent.Kind
_ENDED = (Kind.SENT, Kind.BOUNCED)


def due_notifications() -> list[UUID]:
    """Ids of messages to send now, and of those whose sender died. What a hold keeps back is due when the hold ends."""
    return due_ids(_sendable())


def send_notification(*, notification_id: UUID) -> bool:
    """Send one message if it is due and nobody else is sending it. Says whether it was sent."""
    notification = claim(_sendable().select_related("organisation"), notification_id)
    if notification is None:
        return False
    try:
        return _send(notification)
    except Exception as error:  # whatever it is: an error that is not stored on the row would come back for ever
        note_failure(notification, error)
        return False


def _send(notification: Notification) -> bool:
    """To each recipient that has not got it yet: after a try that succeeded for some, only the others are tried."""
    events = NotificationEvent.objects.filter(notification=notification, kind__in=_ENDED)
    ended = dict(events.values_list("recipient", "kind"))
    left = [address for address in notification.recipients if address not in ended]
    dead = suppressed(left)
    waiting: dict[str, Refusal] = {}
    for to in _messages(notification, [address for address in left if address not in dead]):
        handed = hand_over(_build(notification, to))
        note_handed(notification, handed)
        ended |= dict.fromkeys(handed.taken, Kind.SENT.value)
        waiting |= handed.refused
    return _note_outcome(notification, waiting, is_sent=Kind.SENT in ended.values(), dead=dead)


def _note_outcome(
    notification: Notification, refused: dict[str, Refusal], *, is_sent: bool, dead: Mapping[str, SuppressedAddress]
) -> bool:
    said = " ".join(f"{address}: {refusal.text}" for address, refusal in refused.items())
    if any(not refusal.is_final for refusal in refused.values()):
        note_failure(notification, said)
    elif is_sent:
        note_left_out(notification, dead)
        return done(notification, sent_at=clock.now())
    elif refused:
        note_failure(notification, said, final=True)
    else:
        why = " ".join(f"{row.sentence}." for row in dead.values()) or "Nobody is left to send it to."
        done(notification, status=Status.NOT_SENT, not_sent_because=f"Not sent: {why}", is_suppressed=bool(dead))
    return False


def _messages(notification: Notification, to: list[str]) -> list[list[str]]:
    """One message to all, who see who else has it; where each may switch it off by a link, one to each."""
    if notification.organisation_id and kind_may_be_switched_off(notification.kind):
        return [[address] for address in to]
    return [to] if to else []


@transaction.atomic
def try_now(*, notification_id: UUID) -> Notification:
    """Send a message at once that waits after a failure or was given up, with all its tries before it again.

    Raises DomainError NOTIFICATION_ON_ITS_WAY for any other message.
    """
    notification: Notification = Notification.objects.select_for_update().get(pk=notification_id)
    if not notification.may_be_tried_now:
        raise DomainError("The e-mail is still on its way: wait for its outcome.", code="NOTIFICATION_ON_ITS_WAY")
    notification.save(update_fields=notification.try_now())
    wake_sender(notification)
    return notification


def _sendable() -> QuerySet[Notification]:
    """Without those to customers whom nothing is e-mailed to for now. What is about them goes to others all the same:
    the seller has to answer a dispute in time."""
    return Notification.objects.exclude(held(BillingHold.Kind.NO_EMAIL), ~Q(kind__in=names_of_others()))


class _MessageWithPictures(EmailMultiAlternatives):
    """Its pictures belong to its HTML, beside which they stand (multipart/related, RFC 2387): mail programs show them
    in the text, and don't list them with the attached files."""

    metadata: dict[str, str]  # what a provider gives back with its events

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pictures: list[MIMEImage] = []

    def message(self, *args: Any, **kwargs: Any) -> Any:
        built = super().message(*args, **kwargs)
        if self.pictures:
            bodies = next(part for part in built.walk() if part.get_content_type() == "multipart/alternative")
            parts: Any = bodies.get_payload()
            parts[-1] = _related(parts[-1], self.pictures)
        return built


def _related(html: Message, pictures: list[MIMEImage]) -> MIMEMultipart:
    related = MIMEMultipart("related", type="text/html")
    for part in (html, *pictures):
        related.attach(part)
    return related


def _build(notification: Notification, to: list[str]) -> _MessageWithPictures:
    sender = notification.sender or settings.DEFAULT_FROM_EMAIL
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    message = _MessageWithPictures(
        subject=notification.subject,
        body=notification.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        reply_to=[notification.sender] if notification.sender else None,
        to=to,
        headers={
            "Message-ID": f"<{notification.pk}@{domain}>",
            "Auto-Submitted": "auto-generated",
            **_unsubscribing(notification, to),
        },
    )
    message.metadata = {METADATA: str(notification.pk)}
    if notification.html:
        message.attach_alternative(notification.html, "text/html")
    for attachment in notification.attachments:
        if not attachment.get("content_id"):
            message.attach(attachment["filename"], _content(attachment), attachment["content_type"])
        elif settings.EMAIL_PROVIDER:  # its backend reads the attachments, and builds the message by itself
            message.attachments += _picture(attachment)
        else:
            message.pictures += _picture(attachment)
    return message


def _unsubscribing(notification: Notification, to: list[str]) -> dict[str, str]:
    """The headers by which mail programs offer to switch it off in one click (RFC 8058)."""
    if not notification.organisation_id or not kind_may_be_switched_off(notification.kind):
        return {}
    link = unsubscribe_link(notification.organisation_id, notification.kind, to[0])
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _picture(attachment: Mapping[str, str]) -> list[MIMEImage]:
    """None where the file is gone: its place in the HTML says in words what it was, and no e-mail waits for it."""
    try:
        picture = MIMEImage(_content(attachment), _subtype=attachment["content_type"].partition("/")[2])
    except FileNotFoundError:
        logger.warning("picture of an e-mail is gone", extra={"stored": attachment["storage_name"]})
        return []
    picture.add_header("Content-ID", f"<{attachment['content_id']}>")
    picture.add_header("Content-Disposition", "inline", filename=attachment["filename"])
    return [picture]


def _content(attachment: Mapping[str, str]) -> bytes:
    """The attached file. Raises DomainError STORED_FILE_CHANGED where it is not the one that the e-mail was queued
    with."""
    made = made_content(attachment["storage_name"])
    if made is not None:
        return made
    with default_storage.open(attachment["storage_name"], "rb") as file:
        content = bytes(file.read())
    expected = attachment.get("sha256")
    if expected and hashlib.sha256(content).hexdigest() != expected:
        name = attachment["storage_name"]
        raise DomainError(f"{name} is not the file that was stored: its SHA-256 differs.", code="STORED_FILE_CHANGED")
    return content
