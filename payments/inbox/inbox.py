"""Razorpay's messages: stored word for word at once, understood later, by whichever worker comes first.

Receiving checks the signature over the raw bytes and writes one row. Processing claims the row, applies the message in
one transaction together with the end of the claim, and keeps any error on the row. A message says how things stood when
the event happened. It may come twice and in any order, which `payment_reports` is built for. What each type of message
means stands in `handlers`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from prometheus_client import Counter

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.work import claims
from billing_platform.lib.work.waking import wake_on_commit
from organisations import audit
from organisations.models import Organisation
from payments import emails
from payments.gateways.entities import NamelessEntity
from payments.inbox import handlers
from payments.inbox.messages import Ignored
from payments.inbox.signers import NOBODY, refuse_strangers, who_signed
from payments.models import InboundWebhook

logger = logging.getLogger(__name__)

WEBHOOKS = Counter("billing_webhooks_total", "Webhooks that arrived, by what became of them.", ["outcome"])

Status = InboundWebhook.Status
MAX_BODY_BYTES = 1_000_000
"""Razorpay's messages have a few thousand."""
LONGEST_OUTCOME = 255
STORED_HEADERS = ("Content-Type", "User-Agent", "X-Razorpay-Event-Id", "X-Razorpay-Signature")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,100}")
_EVENT_TYPE = re.compile(r"[a-z0-9_.]{1,60}")


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
        WEBHOOKS.labels("bad_body").inc()
        raise InvalidInput(f"The body has more than {MAX_BODY_BYTES} bytes.", code="PAYLOAD_TOO_LARGE", status=413)
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
    row = InboundWebhook(
        gateway_account=signer,
        event_id=event_id,
        body_digest=digest,
        event_type=event_type,
        body=body.decode(),
        headers=chosen,
    )
    InboundWebhook.objects.bulk_create([row], ignore_conflicts=True)
    webhook: InboundWebhook = InboundWebhook.objects.filter(Q(event_id=event_id) | Q(body_digest=digest)).earliest(
        "received_at"
    )
    created = webhook.pk == row.pk
    if created:
        wake_on_commit("payments.tasks.process_webhook", webhook.pk)
    WEBHOOKS.labels("stored" if created else "known").inc()
    return webhook


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


def process_webhook(*, webhook_id: UUID) -> bool:
    """Apply a stored message if it is due and no other worker has claimed it. Returns whether this call succeeded."""
    webhook = claims.claim(InboundWebhook.objects.all(), webhook_id)
    if webhook is None:
        return False
    try:
        _apply(webhook)
    except (Ignored, NamelessEntity) as reason:
        _end(webhook, Status.IGNORED, str(reason))
    except Exception as error:  # whatever it is, it is stored on the row and never stops the others
        if claims.note_failure(webhook, error) and webhook.status == Status.FAILED:
            emails.queue_webhook_failed(webhook)
        return False
    return True


def may_be_tried_now(webhook: InboundWebhook) -> bool:
    """It was given up, waits after a failure, or was ignored: the order that it is about may be known by now."""
    return webhook.may_be_tried_now or webhook.status == Status.IGNORED


@transaction.atomic
def try_now(*, webhook_id: UUID) -> InboundWebhook:
    """Process a message at once, with all its tries before it again. What it reports is never counted twice.

    Raises DomainError WEBHOOK_NOT_FAILED for a message that was processed or has still to be tried.
    """
    webhook: InboundWebhook = InboundWebhook.objects.select_for_update().get(pk=webhook_id)
    if not may_be_tried_now(webhook):
        raise DomainError("Only a failed or ignored webhook can be processed again.", code="WEBHOOK_NOT_FAILED")
    before, webhook.outcome = webhook.status, ""
    webhook.save(update_fields=["outcome", *webhook.try_now()])
    audit.note(webhook, status=(before, webhook.status))
    wake_on_commit("payments.tasks.process_webhook", webhook_id)
    return webhook


def try_each_now(*, webhook_ids: Iterable[UUID]) -> int:
    """Process messages at once, those of them that may be tried again. Returns how many."""
    rows = InboundWebhook.objects.filter(pk__in=webhook_ids)
    chosen = [webhook.pk for webhook in rows if may_be_tried_now(webhook)]
    for webhook_id in chosen:
        try_now(webhook_id=webhook_id)
    return len(chosen)


def _apply(webhook: InboundWebhook) -> None:
    message = handlers.read(webhook.event_type, json.loads(webhook.body)["payload"], webhook.gateway_account)
    if message.subject is not None:
        refuse_strangers(webhook, message.subject)
    with transaction.atomic():
        outcome = message.apply()
        whose = message.subject.organisation if message.subject is not None else None
        _end(webhook, Status.PROCESSED, outcome, organisation=whose)


def _end(webhook: InboundWebhook, status: str, outcome: str, **placed: Organisation | None) -> None:
    claims.done(webhook, status=status, outcome=outcome[:LONGEST_OUTCOME], processed_at=clock.now(), **placed)
