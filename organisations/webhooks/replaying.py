"""Send messages again: one delivery, or everything since a moment; and a test message to see whether it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.audit import note
from organisations.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from organisations.webhooks.announcing import SENDER
from organisations.webhooks.event_types import TEST

_REPLAY = query(__file__, "replay")
Status = WebhookDelivery.Status
MOST_REPLAYED = 10_000
"""Messages at once: in one statement, while a person waits."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many messages are on their way again. `next_since` is when the next one happened, if there are more."""

    count: int
    next_since: datetime | None = None


@transaction.atomic
def send_test(*, endpoint_id: UUID) -> WebhookDelivery:
    """Queue a message of the type `endpoint.test`, which says who sent it and when.

    Raises DomainError ENDPOINT_DISABLED.
    """
    endpoint = _in_use(endpoint_id)
    message = WebhookMessage(
        organisation=endpoint.organisation, type=TEST, object_id=endpoint.pk, payload={"id": str(endpoint.pk)}
    )
    message.dedupe_key = f"{TEST}:{message.uid}"
    message.save()
    delivery = WebhookDelivery(
        endpoint=endpoint, message=message, object_id=endpoint.pk, payload=WebhookEndpoint.Payload.FULL
    )
    delivery.save()
    SENDER.wake_on_commit()
    return delivery


@transaction.atomic
def replay(*, delivery_id: UUID) -> WebhookDelivery:
    """Send a message again that was delivered or given up, or at once what waits after a failure: the same body under
    the same id, with all tries before it. Raises DomainError DELIVERY_ON_ITS_WAY, ENDPOINT_DISABLED."""
    found = WebhookDelivery.objects.select_related("message")
    endpoint = _in_use(found.values_list("endpoint_id", flat=True).get(pk=delivery_id))
    delivery: WebhookDelivery = found.select_for_update(of=("self",)).get(pk=delivery_id)
    if not may_be_replayed(delivery):
        raise DomainError("The message is still on its way: wait for its outcome.", code="DELIVERY_ON_ITS_WAY")
    delivery.delivered_at = None
    delivery.save(update_fields=[*delivery.try_now(), "delivered_at"])
    note(endpoint, reason=f"Replayed {delivery.message}.")
    SENDER.wake_on_commit()
    return delivery


def may_be_replayed(delivery: WebhookDelivery) -> bool:
    ended = delivery.status in (Status.DELIVERED, Status.FAILED)
    return ended or (delivery.status == Status.PENDING and delivery.attempts > 0)


@transaction.atomic
def replay_since(*, endpoint_id: UUID, since: datetime, only_missed: bool = True) -> Replayed:
    """Send what happened since a moment again, in order, the oldest MOST_REPLAYED of it; what the endpoint never was to
    hear of stays unsaid.

    With `only_missed`, without what it took. Messages older than WEBHOOKS_RETENTION_DAYS are gone. Raises InvalidInput
    for a moment that is older than they are or is to come, DomainError ENDPOINT_DISABLED.
    """
    endpoint, now = _in_use(endpoint_id), clock.now()
    if not now - timedelta(days=settings.WEBHOOKS_RETENTION_DAYS) <= since <= now:
        raise InvalidInput.field(
            "since", f"Choose a moment of the last {settings.WEBHOOKS_RETENTION_DAYS} days: older messages are gone."
        )
    values: dict[str, Any] = {
        "endpoint": endpoint.pk,
        "since": since,
        "now": now,
        "only_missed": only_missed,
        "most": MOST_REPLAYED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REPLAY, values)
        replayed = Replayed(*cursor.fetchone())
    note(endpoint, reason=f"Replayed {replayed.count:,} messages since {since.isoformat(timespec='seconds')}.")
    SENDER.wake_on_commit()
    return replayed


def _in_use(endpoint_id: UUID) -> WebhookEndpoint:
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.locked().get(pk=endpoint_id)
    if not endpoint.is_active:
        raise DomainError("The endpoint is disabled: enable it first.", code="ENDPOINT_DISABLED")
    if endpoint.quiet_until is not None:  # a person asks for a try now, whatever the receiver has asked for
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(quiet_until=None)
    return endpoint
