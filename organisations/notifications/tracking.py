"""What a mail server or a provider tells of an e-mail: stored once as an event, and folded into the e-mail's state.

The state is the earliest time of each thing that happened. So it is the same in whatever order the events come, and
however often.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Least

from billing_platform.lib import clock
from organisations.models import Notification, NotificationEvent, SuppressedAddress
from organisations.notifications.handing_over import Handed
from organisations.notifications.suppressing import Reason, suppress

Kind = NotificationEvent.Kind
METADATA = "notification"
"""Under this name providers give us back the id of the e-mail that their event is about."""
_LOST = (Kind.BOUNCED, Kind.REFUSED)
_COLUMNS = {
    Kind.DELIVERED: "delivered_at",
    Kind.OPENED: "opened_at",
    Kind.CLICKED: "opened_at",
    Kind.BOUNCED: "bounced_at",
    Kind.COMPLAINED: "complained_at",
}
_KIND_OF = {
    "deferred": Kind.DEFERRED,
    "delivered": Kind.DELIVERED,
    "opened": Kind.OPENED,
    "clicked": Kind.CLICKED,
    "bounced": Kind.BOUNCED,
    "rejected": Kind.BOUNCED,
    "failed": Kind.BOUNCED,
    "complained": Kind.COMPLAINED,
    "unsubscribed": Kind.UNSUBSCRIBED,
}
_NOBODY_THERE = frozenset({"bounced", "invalid"})


def listen() -> None:
    """Hear what the provider's webhooks tell, where django-anymail is installed."""
    try:
        from anymail.signals import tracking
    except ImportError:
        return
    tracking.connect(_hear, dispatch_uid="organisations.tracking")


def _hear(sender: Any, event: Any, esp_name: str, **_: Any) -> None:
    """Store what a provider told of one of our e-mails. What is about others' e-mails of the same account is left."""
    kind = _KIND_OF.get(event.event_type)
    notification = _notification_of(event)
    if kind is None or notification is None:
        return
    happened_at = event.timestamp or clock.now()
    detail = " ".join(str(each) for each in (event.description, event.mta_response) if each).replace("\x00", "")
    row = NotificationEvent(
        notification=notification,
        kind=kind,
        recipient=(event.recipient or "")[:254],
        happened_at=happened_at,
        provider=esp_name.lower()[:30],
        event_id=_id_of(event),
        message_id=str(event.message_id or "")[:255],
        detail=detail[:2000],
    )
    with transaction.atomic():
        note_event(row)
        if not row.recipient:
            return
        if kind == Kind.COMPLAINED:
            suppress(
                row.recipient, reason=Reason.COMPLAINED, detail=detail, notification=notification, since=happened_at
            )
        elif kind == Kind.BOUNCED and _is_dead(event):
            suppress(row.recipient, reason=Reason.BOUNCED, detail=detail, notification=notification, since=happened_at)


def note_handed(notification: Notification, handed: Handed) -> None:
    """Store for each recipient that the message was taken, or refused for good. A refusal for now is noted on the
    e-mail alone, which is tried again."""
    now = clock.now()
    common = {"notification": notification, "provider": handed.provider, "happened_at": now}
    with transaction.atomic():
        NotificationEvent.objects.bulk_create(
            [
                NotificationEvent(kind=Kind.SENT, recipient=address, message_id=message_id[:255], **common)
                for address, message_id in handed.taken.items()
            ],
            ignore_conflicts=True,
        )
        for address, refusal in handed.refused.items():
            if refusal.is_final:
                note_event(NotificationEvent(kind=Kind.BOUNCED, recipient=address, detail=refusal.text, **common))
            if refusal.is_dead:
                suppress(address, reason=Reason.BOUNCED, detail=refusal.text, notification=notification)


def note_event(event: NotificationEvent) -> None:
    """Store one event, once, and fold it into the state of its e-mail."""
    if event.event_id:
        known = NotificationEvent.objects.filter(provider=event.provider, event_id=event.event_id)
        NotificationEvent.objects.bulk_create([event], ignore_conflicts=True)
        if not known.filter(pk=event.pk).exists():
            return
    else:
        event.save(force_insert=True)
    column = _COLUMNS.get(Kind(event.kind))
    if column is None:
        return
    happened = Value(event.happened_at)
    values: dict[str, Any] = {column: Least(Coalesce(F(column), happened), happened), "updated_at": clock.now()}
    Notification.objects.filter(pk=event.notification_id).update(**values)


def have_it(notifications: Any) -> list[str]:
    """The addresses that some e-mails were sent to, or wait to be sent to, and from which none came back. Of an e-mail
    that was given up some may have it."""
    rows = list(notifications)
    told: defaultdict[tuple[UUID, str], set[str]] = defaultdict(set)
    events = NotificationEvent.objects.filter(notification__in=rows, kind__in=(Kind.SENT, *_LOST))
    for pk, address, kind in events.values_list("notification_id", "recipient", "kind"):
        told[pk, address.casefold()].add(kind)
    return sorted({each for row in rows for each in row.recipients if _has_it(row, told[row.pk, each.casefold()])})


def _has_it(row: Notification, told: set[str]) -> bool:
    if not told.isdisjoint(_LOST):
        return False
    return Kind.SENT in told or row.status not in (Notification.Status.FAILED, Notification.Status.NOT_SENT)


def note_left_out(notification: Notification, dead: Mapping[str, SuppressedAddress]) -> None:
    """Store of the suppressed ones among the recipients that the others got it without them."""
    common = {"notification": notification, "kind": Kind.REFUSED, "provider": "", "happened_at": clock.now()}
    NotificationEvent.objects.bulk_create(
        NotificationEvent(recipient=address, detail=f"{row.sentence}.", **common) for address, row in dead.items()
    )


def _notification_of(event: Any) -> Notification | None:
    given = (event.metadata or {}).get(METADATA)
    if given:
        try:
            return Notification.objects.filter(pk=UUID(str(given))).first()
        except ValueError:
            return None
    sent = NotificationEvent.objects.filter(kind=Kind.SENT, message_id=str(event.message_id or "-"))
    found = sent.filter(provider=settings.EMAIL_PROVIDER).select_related("notification").first()
    return found and found.notification


def _id_of(event: Any) -> str:
    """The provider's id; of one that gives none, a hash of what it said."""
    if event.event_id:
        return str(event.event_id)[:200]
    moment: datetime | None = event.timestamp
    said = (event.event_type, event.message_id, event.recipient, moment and moment.isoformat(), event.click_url)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _is_dead(event: Any) -> bool:
    """Whether later messages would come back as well. Postmark's soft bounces have the same reason as its hard ones."""
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    return event.reject_reason in _NOBODY_THERE and raw.get("Type") != "SoftBounce"
