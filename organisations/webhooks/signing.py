"""What is sent: the body of a message, and the three headers of Standard Webhooks (standardwebhooks.com)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rest_framework.utils.encoders import JSONEncoder
from standardwebhooks import Webhook

from billing_platform.lib.sealing import unseal
from organisations.models import WebhookDelivery, WebhookEndpoint, WebhookMessage

SIGNATURE = "webhook-signature"


def body_of(delivery: WebhookDelivery) -> bytes:
    """JSON, the same at each try: type, id, time, version, and the object or its id. Of a test
    customer it says "test"."""
    message: WebhookMessage = delivery.message
    is_full = delivery.payload == WebhookEndpoint.Payload.FULL
    said: dict[str, Any] = {
        "type": message.type,
        "id": message.message_id,
        "timestamp": message.created_at.astimezone(UTC),
        "version": message.version,
        "data": message.payload if is_full else {"id": str(message.object_id)},
    }
    if message.organisation is not None and message.organisation.is_test:
        said["test"] = True
    return json.dumps(said, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(delivery: WebhookDelivery, body: bytes, *, at: datetime) -> dict[str, str]:
    """The headers of a try at this moment. Raises SealBroken where a secret can't be read."""
    secrets = [unseal(each) for each in delivery.endpoint.sealed_secrets]
    message_id = delivery.message.message_id
    return {
        "Content-Type": "application/json",
        "User-Agent": "metrics-billing-platform-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        SIGNATURE: signatures(secrets, message_id=message_id, at=at, body=body),
    }


def signatures(secrets: Iterable[str], *, message_id: str, at: datetime, body: bytes) -> str:
    """One for each secret (`whsec_…`), separated by spaces: a receiver takes the message if it knows one of them."""
    at = at.astimezone(UTC)
    return " ".join(Webhook(secret).sign(message_id, at, body.decode()) for secret in secrets)
