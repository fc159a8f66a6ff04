"""What came of a try: the delivery is done or waits for the next one, and its endpoint may be disabled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from billing_platform.lib import clock
from billing_platform.lib.work.claims import done, note_failure
from organisations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from organisations.webhooks.announcing import SENDER
from organisations.webhooks.disabling import disable

DISABLED_AFTER = timedelta(days=5)
"""An endpoint that took nothing for so long is disabled."""
MOST_PATIENCE = timedelta(hours=24)
"""Since the first try that failed: a receiver that asks for a longer pause is tried then."""
GONE = 410
_LONGEST = 9  # digits of a pause in seconds that are read: more are far too many anyway
ASK_FOR_A_PAUSE = frozenset({429, 503})
_MEANS = {
    301: "redirects are not followed: change the endpoint's URL",
    302: "redirects are not followed: change the endpoint's URL",
    307: "redirects are not followed: change the endpoint's URL",
    308: "redirects are not followed: change the endpoint's URL",
    401: "it asks for a log-in",
    403: "it refuses the message",
    404: "there is nothing at this URL",
    GONE: "the receiver wants no more messages",
    429: "the receiver asks for fewer messages",
}


@dataclass(frozen=True)
class Sent:
    sent_at: datetime
    milliseconds: int
    headers_shown: dict[str, str]
    status: int | None = None
    body: bytes = b""
    failure: str = ""
    retry_after: str = ""

    @property
    def problem(self) -> str:
        """Why it counts as not delivered; empty for an answer from 200 to 299."""
        if self.status is None:
            return self.failure
        if 200 <= self.status < 300:
            return ""
        meaning = _MEANS.get(self.status, "")
        return f"It answered {self.status}{': ' if meaning else ''}{meaning}."


@transaction.atomic
def note_outcome(delivery: WebhookDelivery, sent: Sent) -> None:
    """Store the try. A worker whose claim ended meanwhile stores it too, and changes nothing else. Of an endpoint that
    was removed meanwhile, nothing is stored."""
    endpoint = WebhookEndpoint.objects.locked().filter(pk=delivery.endpoint_id).first()
    if endpoint is None or not WebhookDelivery.objects.filter(pk=delivery.pk).exists():
        return
    WebhookAttempt.objects.create(
        delivery=delivery,
        sent_at=sent.sent_at,
        milliseconds=sent.milliseconds,
        headers=sent.headers_shown,
        answer_status=sent.status,
        answer=sent.body.decode("utf-8", "replace").replace("\x00", ""),
        failure=sent.problem,
    )
    if sent.problem:
        quiet_until = _quiet_until(endpoint, sent)
        if note_failure(delivery, sent.problem, final=sent.status == GONE):
            _wait_until(delivery, quiet_until)
            _note_failing(endpoint, sent, quiet_until)
    elif done(delivery, delivered_at=clock.now()):
        if endpoint.failing_since is not None:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None, quiet_until=None)
        SENDER.wake_on_commit()  # what waited for this one


def _quiet_until(endpoint: WebhookEndpoint, sent: Sent) -> datetime | None:
    """Until when the receiver asks for no messages, at most MOST_PATIENCE after it began to fail."""
    pause = asked_pause(sent.retry_after) if sent.status in ASK_FOR_A_PAUSE else None
    if not pause:
        return None
    return min(clock.now() + pause, (endpoint.failing_since or sent.sent_at) + MOST_PATIENCE)


def _wait_until(delivery: WebhookDelivery, quiet_until: datetime | None) -> None:
    """Not sooner than the pause that our own back-off makes, which the delivery has already."""
    pause_ends = delivery.next_attempt_at
    if quiet_until is not None and pause_ends is not None and quiet_until > pause_ends:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(next_attempt_at=quiet_until)


def asked_pause(retry_after: str) -> timedelta | None:
    """What a header Retry-After asks for: seconds, or a moment (RFC 9110, 10.2.3). At most MOST_PATIENCE."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return min(timedelta(seconds=int(text[:_LONGEST])), MOST_PATIENCE)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):  # a year of eleven digits overflows
        return None
    return min((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - clock.now(), MOST_PATIENCE)


def _note_failing(endpoint: WebhookEndpoint, sent: Sent, quiet_until: datetime | None) -> None:
    if not endpoint.is_active:
        return
    if quiet_until is not None and quiet_until > clock.now():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(quiet_until=quiet_until)
    if sent.status == GONE:
        disable(endpoint, reason=gettext_noop("The receiver answered 410: it wants no more messages."))
    elif endpoint.failing_since is None:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=sent.sent_at)
    elif sent.sent_at - endpoint.failing_since >= DISABLED_AFTER:
        disable(endpoint, reason=f"Nothing was taken for {DISABLED_AFTER.days} days. The last try: {sent.problem}")
