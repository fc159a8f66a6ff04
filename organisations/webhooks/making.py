"""Make payloads where something happens, and make again later what could not be made: no fault in here refuses what it
tells of, such as an invoice that is issued.

What can't be made is stored with the rows as they stood: once the fault is mended, it still tells of that moment.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.utils.encoders import JSONEncoder

from billing_platform.lib.work.claims import failure_text
from organisations.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from organisations.webhooks.frozen_rows import freeze, thaw
from organisations.webhooks.payloads import Payload, PayloadMaker, maker_of

UNMADE = "The message could not be made: "
"""Of a delivery, before the reason."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """JSON texts. Without a payload: why, and the rows as they stood, empty if they could not even be read."""

    payload: str | None = None
    facts: str | None = None
    failure: str = ""


def make_all(event_type: str, object_ids: Collection[UUID]) -> dict[UUID, Made]:
    """The objects in the shape of the API, as they stand in the caller's transaction. Never raises for a fault in an
    app's maker."""
    try:
        maker = maker_of(event_type)
        with transaction.atomic():
            rows = maker.rows().filter(pk__in=object_ids)
            return {row.pk: Made(_text(maker.shape(row))) for row in rows}
    except Exception as error:  # a payload is news of what happened, and never a reason against it
        logger.exception("webhook payloads not made", extra={"event_type": event_type})
        failed = Made(failure=failure_text(error))
        return _one_by_one(event_type, object_ids, failed)


def as_given(payloads: Mapping[UUID, Payload]) -> dict[UUID, Made]:
    """Those that a caller has made itself."""
    return {object_id: Made(_text(payload)) for object_id, payload in payloads.items()}


def make_missing(delivery: WebhookDelivery) -> None:
    """Make what the delivery is to say, if it could not be made when it happened. Raises what the maker raises. Two
    workers at once: the first one's is sent by both."""
    message: WebhookMessage = delivery.message
    if message.payload is not None or delivery.payload == WebhookEndpoint.Payload.THIN:
        return
    with transaction.atomic():
        made = json.loads(_text(_payload_of(message)))
        missing = WebhookMessage.objects.filter(pk=message.pk, payload__isnull=True)
        missing.update(payload=made, facts=None, failure="")
    message.refresh_from_db()


def _payload_of(message: WebhookMessage) -> Payload:
    maker = maker_of(message.type)
    row = thaw(message.facts) if message.facts else maker.rows().filter(pk=message.object_id).first()
    return maker.shape(row) if row is not None else {"id": message.object_id}


def _one_by_one(event_type: str, object_ids: Collection[UUID], failed: Made) -> dict[UUID, Made]:
    """One that can't be made does not take the others with it."""
    try:
        maker = maker_of(event_type)
        with transaction.atomic():
            rows = list(maker.rows().filter(pk__in=object_ids))
    except Exception:
        return dict.fromkeys(object_ids, failed)
    return {row.pk: _made_or_frozen(maker, row) for row in rows}


def _made_or_frozen(maker: PayloadMaker, row: Any) -> Made:
    try:
        with transaction.atomic():
            return Made(_text(maker.shape(row)))
    except Exception as error:
        return Made(facts=_facts(row), failure=failure_text(error))


def _facts(row: Any) -> str | None:
    try:
        with transaction.atomic():
            return _text(freeze(row))
    except Exception:
        logger.exception("webhook facts not stored", extra={"row": str(row.pk)})
        return None


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, cls=JSONEncoder)
