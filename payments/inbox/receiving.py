"""Receiving Razorpay's messages: the signature is checked over the raw bytes, and one row is written, word for word."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from uuid import UUID

from prometheus_client import Counter

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.work.waking import RareWaking
from payments.inbox.signers import NOBODY, who_signed
from payments.inbox.storing import store
from payments.models import InboundWebhook

logger = logging.getLogger(__name__)

WEBHOOKS = Counter("billing_webhooks_total", "Webhooks that arrived, by what became of them.", ["outcome"])
MAX_BODY_BYTES = 1_000_000
"""Razorpay's messages have a few thousand."""
STORED_HEADERS = ("Content-Type", "User-Agent", "X-Razorpay-Event-Id", "X-Razorpay-Signature")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,100}")
_EVENT_TYPE = re.compile(r"[a-z0-9_.]{1,60}")

worker = RareWaking("payments.tasks.process_pending_webhooks")


def receive_webhook(
    *, body: bytes, signature: str, event_id: str, headers: Mapping[str, str], account_id: UUID | None = None
) -> InboundWebhook:
    """Store a signed message, once per event id and once per body, and wake a worker.

    The event id is a header and not signed, so whoever captured one message could send it under many ids. Razorpay's
    own retries have the id and the body of the first delivery, and two messages with the same bytes say the same thing.
    With `account_id` the message has to be signed by this account, otherwise by the environment's or any account's
    secret. Raises NotFound for an account that there is not, InvalidInput SIGNATURE_INVALID, INVALID_BODY or
    PAYLOAD_TOO_LARGE; nothing is stored then.
    """
    if len(body) > MAX_BODY_BYTES:
        raise too_large()
    signer = who_signed(body=body, signature=signature, account_id=account_id)
    if signer is NOBODY:
        WEBHOOKS.labels("bad_signature").inc()
        logger.warning("webhook with a bad signature", extra={"bytes": len(body)})
        raise InvalidInput("The signature does not match the body.", code="SIGNATURE_INVALID")
    event_type = _event_type(body)
    digest = hashlib.sha256(body).hexdigest()
    if not _EVENT_ID.fullmatch(event_id):
        event_id = f"sha256:{digest}"
    chosen = {name: headers[name][:300] for name in STORED_HEADERS if name in headers}
    webhook = InboundWebhook(
        gateway_account=signer,
        event_id=event_id,
        body_digest=digest,
        event_type=event_type,
        body=body.decode(),
        headers=chosen,
    )
    stored, is_new = store(webhook)
    if is_new:
        worker.wake_on_commit()
    WEBHOOKS.labels("stored" if is_new else "known").inc()
    return stored


def _event_type(body: bytes) -> str:
    try:
        event = json.loads(body.decode())
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested without end
        WEBHOOKS.labels("bad_body").inc()
        raise InvalidInput("The body is not JSON.", code="INVALID_BODY") from error
    name = event.get("event") if isinstance(event, dict) else None
    if not isinstance(name, str) or not _EVENT_TYPE.fullmatch(name) or not isinstance(event.get("payload"), dict):
        WEBHOOKS.labels("bad_body").inc()
        raise InvalidInput("The body is not an event.", code="INVALID_BODY")
    return name


def too_large() -> InvalidInput:
    WEBHOOKS.labels("bad_body").inc()
    return InvalidInput(f"The body has more than {MAX_BODY_BYTES} bytes.", code="PAYLOAD_TOO_LARGE", status=413)
