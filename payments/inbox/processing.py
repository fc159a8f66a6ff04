"""Processing Razorpay's messages: understood after they are stored, by whichever worker comes first.

A worker claims messages, applies each in one transaction together with the end of its claim, and keeps any error on the
row. A message says how things stood when the event happened. It may come twice and in any order, which
`payment_reports` is built for. What each type of message means stands in `handlers`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work import claims
from organisations import audit
from organisations.models import Organisation
from payments.gateways.entities import NamelessEntity
from payments.inbox import alerts, handlers
from payments.inbox.messages import Ignored
from payments.inbox.receiving import worker
from payments.inbox.signers import refuse_strangers
from payments.models import InboundWebhook

Status = InboundWebhook.Status
BATCH = 20
LONGEST_MESSAGE = timedelta(minutes=2)
"""Two questions to Razorpay with all their time-outs and repeats: less of a claim is not enough to begin."""
LOOK_EVERY = 0.2
LONGEST_OUTCOME = 255


def process_due(*, seconds: float = 25.0, last_look_after: float = 0.0) -> int:
    """Process messages until none is due that another worker doesn't hold, or until time is up. Returns how many.

    New messages are claimed in batches. One that was tried before is claimed alone: if it kills its worker, no other
    message loses a try with it. With `last_look_after` it doesn't end before it has looked once more, that many seconds
    after it began. What was given up is mailed.
    """
    started, count = time.monotonic(), 0
    while (now := time.monotonic()) < started + seconds:
        claimed = _claim_next()
        for webhook in claimed:
            _process(webhook)
        count += len(claimed)
        if claimed:
            continue
        if now >= started + last_look_after:
            break
        time.sleep(LOOK_EVERY)
    alerts.mail_given_up()
    return count


def _claim_next() -> list[InboundWebhook]:
    rows = InboundWebhook.objects.all()
    fresh = claims.claim_next(rows.filter(attempts=0), most=BATCH)
    return fresh or claims.claim_next(rows.filter(attempts__gt=0), most=1)


def process_webhook(*, webhook_id: UUID) -> bool:
    """Apply a stored message if it is due and no other worker has claimed it. Returns whether this call succeeded."""
    webhook = claims.claim(InboundWebhook.objects.all(), webhook_id)
    return webhook is not None and _process(webhook)


def _process(webhook: InboundWebhook) -> bool:
    """Apply a claimed message. Whether it succeeded is stored on its row."""
    if webhook.claimed_until is None or clock.now() > webhook.claimed_until - LONGEST_MESSAGE:
        claims.let_go(webhook)  # those before it in the batch took long
        return False
    try:
        _apply(webhook)
    except (Ignored, NamelessEntity) as reason:
        _end(webhook, Status.IGNORED, str(reason))
    except Exception as error:  # whatever it is, it is stored on the row and never stops the others
        claims.note_failure(webhook, error)
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
    worker.wake_on_commit()
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
