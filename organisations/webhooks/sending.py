"""Send what is due: many at once, so that a receiver that is slow makes nobody else wait.

One job claims deliveries and notes what came of them; threads only talk to receivers, and ask no database. At most
MOST_AT_ONCE are on their way to one endpoint, one to an endpoint that fails, and THREADS altogether in one job. Of two
deliveries of one object the later one is not claimed before the earlier one has ended, so their order holds whoever
sends them. Killed anywhere, the claim ends by itself and the message is sent again, with the same id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from django.db import connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.database.sql import query
from billing_platform.lib.errors import DomainError
from billing_platform.lib.http.outgoing import THE_NETWORK, Network, NoAnswer, UrlRefused, post
from billing_platform.lib.work.claims import claim_all, failure_text, note_failure
from organisations.models import WebhookDelivery
from organisations.webhooks.announcing import SENDER
from organisations.webhooks.making import UNMADE, make_missing
from organisations.webhooks.outcomes import Sent, note_outcome
from organisations.webhooks.signing import SIGNATURE, body_of, headers_of

logger = logging.getLogger(__name__)

_CLAIMABLE = query(__file__, "claimable")
THREADS, MOST_AT_ONCE = 64, 4
LOOK_EVERY, SECONDS = 0.2, 25
"""For so long a job takes up new deliveries. It ends within a try's time after that."""


def send_due(*, network: Network = THE_NETWORK, seconds: float = SECONDS, last_look_after: float = 0.0) -> int:
    """Send what is due, until nothing is or the time is over. How many tries were made. With `last_look_after` it
    doesn't end before it has looked once more, that many seconds after it began."""
    SENDER.started()
    begun, tried = time.monotonic(), 0
    ends_at = begun + seconds
    under_way: dict[Future[Sent], WebhookDelivery] = {}
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="webhooks") as threads:
        while True:
            room = THREADS - len(under_way) if time.monotonic() < ends_at else 0
            for delivery in claim_due(room):
                call = _prepared(delivery, network)
                if call is not None:
                    under_way[threads.submit(call)] = delivery
            if not under_way:
                if time.monotonic() >= begun + last_look_after:
                    break
                time.sleep(LOOK_EVERY)
                continue
            finished, _others = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                note_outcome(under_way.pop(future), future.result())
                tried += 1
    if time.monotonic() >= ends_at:
        SENDER.wake()  # what is still due goes on in a job of its own
    return tried


def claim_due(room: int) -> list[WebhookDelivery]:
    """Take deliveries that may be sent now, at most so many. One worker chooses at a time: it counts what is under
    way."""
    if room <= 0:
        return []
    with transaction.atomic():
        advisory_lock(LockSpace.OUTGOING_WEBHOOKS)
        with connection.cursor() as cursor:
            cursor.execute(_CLAIMABLE, {"now": clock.now(), "most": MOST_AT_ONCE, "room": room})
            chosen = [pk for (pk,) in cursor.fetchall()]
        rows = WebhookDelivery.objects.select_related("endpoint", "message__organisation")
        return claim_all(rows, chosen) if chosen else []


def _prepared(delivery: WebhookDelivery, network: Network) -> Callable[[], Sent] | None:
    """The call that a thread makes. None where the message can't be made yet, or where a secret can't be read: then
    the delivery waits for a person."""
    try:
        make_missing(delivery)
    except Exception as error:  # a fault in an app: it is tried again, and nothing else waits for it
        note_failure(delivery, UNMADE + failure_text(error))
        logger.exception("webhook payload not made", extra={"delivery": str(delivery.pk)})
        return None
    body, at = body_of(delivery), clock.now()
    try:
        headers = headers_of(delivery, body, at=at)
    except DomainError as error:
        note_failure(delivery, error, final=True)
        return None
    unsigned = {name: value for name, value in headers.items() if name != SIGNATURE}
    return partial(_call, delivery.endpoint.url, body, headers, network, sent_at=at, headers_shown=unsigned)


def _call(url: str, body: bytes, headers: dict[str, str], network: Network, **about: Any) -> Sent:
    """In a thread."""
    begun = time.monotonic()

    def sent(**came_back: Any) -> Sent:
        return Sent(milliseconds=round((time.monotonic() - begun) * 1000), **about, **came_back)

    try:
        answer = post(url, body=body, headers=headers, network=network)
    except (UrlRefused, NoAnswer) as error:
        return sent(failure=str(error))
    except Exception as error:  # whatever it is belongs on the row: an error that is lost would come back for ever
        return sent(failure=f"{type(error).__name__}: {error}")
    return sent(status=answer.status, body=answer.body, retry_after=answer.retry_after)
