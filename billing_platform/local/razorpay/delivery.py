"""Delivering webhooks: signed, five seconds to answer, retried for a day."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

import requests
from django.db import models, transaction
from django.db.models import QuerySet

from billing_platform.local.razorpay import clock, signatures
from billing_platform.local.razorpay.models import Delivery, Event, State

REPLY_SECONDS = 5
GIVE_UP_AFTER = clock.DAY
LONGEST_PAUSE = 4 * 60 * clock.MINUTE

something_due = threading.Event()  # set on commit, awaited by the background thread
in_flight = threading.Lock()  # held while an event is on its way


RELEASE_ORDERS = ("oldest", "newest", "random")


class Signature(models.TextChoices):
    """How a copy is signed: as it should be, or as an attacker would."""

    GOOD = "good"
    WRONG = "wrong"
    MISSING = "missing"


@dataclass(frozen=True)
class Outcome:
    status: int | None
    error: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver_due() -> None:
    """Send what is due, oldest first; one that fails moves to its next date. Held ones wait to be released."""
    while _deliver_next():
        pass


def _deliver_next() -> bool:
    with in_flight:
        State.forget()
        if State.load().hold_webhooks:
            return False
        delivery = _deliveries().filter(status=Delivery.Status.PENDING, due_at__lte=clock.now()).first()
        if delivery is None:
            return False
        _attempt(delivery)
        return True


def release(*, order: str) -> list[Delivery]:
    """Send all that is pending now, due or not, oldest or newest first or shuffled."""
    with in_flight:
        waiting = list(_deliveries().filter(status=Delivery.Status.PENDING).order_by("pk"))
        if order == "newest":
            waiting.reverse()
        elif order == "random":
            random.shuffle(waiting)
        for delivery in waiting:
            _attempt(delivery)
    sent = {delivery.pk: delivery for delivery in _deliveries().filter(pk__in=[row.pk for row in waiting])}
    return [sent[row.pk] for row in waiting]


def redeliver(*, delivery_pk: int, copies: int = 1, signature: Signature = Signature.GOOD) -> Delivery | None:
    """Send one again, whatever its state; None if there is no such delivery."""
    with in_flight:
        delivery = _deliveries().filter(pk=delivery_pk).first()
        for _ in range(copies if delivery else 0):
            assert delivery is not None
            _attempt(delivery, signature)
    return _deliveries().filter(pk=delivery_pk).first()


def _deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("event")


def _attempt(delivery: Delivery, signature: Signature = Signature.GOOD) -> None:
    """Send, outside any transaction, and write down what came of it."""
    outcome = _post(State.load().webhook_url, delivery.event, signature)
    _record(delivery.pk, outcome, signature)


def headers_of(event: Event, signature: Signature = Signature.GOOD) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Razorpay-Webhook/v1",
        "X-Razorpay-Event-Id": event.event_id,
    }
    secret = event.secret if signature == Signature.GOOD else "the secret of somebody else"
    if event.secret and signature != Signature.MISSING:
        headers["X-Razorpay-Signature"] = signatures.sign_webhook(event.body.encode(), secret)
    return headers


def _post(url: str, event: Event, signature: Signature) -> Outcome:
    with requests.Session() as session:
        session.trust_env = False  # a proxy has no business between two local processes
        try:
            response = session.post(
                url,
                data=event.body.encode(),
                headers=headers_of(event, signature),
                timeout=REPLY_SECONDS,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            return Outcome(status=None, error=f"{type(error).__name__}: {error}")
        response.close()
        return Outcome(status=response.status_code)


@transaction.atomic
def _record(delivery_pk: int, outcome: Outcome, signature: Signature) -> None:
    State.forget()
    delivery = _deliveries().get(pk=delivery_pk)
    state, now = State.load(), clock.now()
    attempt = {"at": now, "status": outcome.status, "error": outcome.error}
    if signature != Signature.GOOD:
        attempt["signature"] = signature
    delivery.attempts = [*delivery.attempts, attempt]
    if signature != Signature.GOOD:
        pass  # a forgery says nothing about the true delivery
    elif outcome.succeeded:
        delivery.status = Delivery.Status.DELIVERED
        state.healthy_at = now
        state.save(update_fields=["healthy_at"])
    elif delivery.status == Delivery.Status.PENDING:
        _plan_retry(delivery, state, now)
    delivery.save(update_fields=["attempts", "status", "due_at"])


def _plan_retry(delivery: Delivery, state: State, now: int) -> None:
    """Back off exponentially, always with a last try when the day ends."""
    deadline = delivery.event.created_at + GIVE_UP_AFTER
    if now >= deadline:
        delivery.status = Delivery.Status.GIVEN_UP
        _disable_if_dead(delivery.event, state)
        return
    pause = min(state.retry_base_seconds * 2 ** (len(delivery.attempts) - 1), LONGEST_PAUSE)
    delivery.due_at = min(now + pause, deadline)


def _disable_if_dead(event: Event, state: State) -> None:
    """Nothing got through since the event happened: Razorpay switches the endpoint off."""
    if state.healthy_at >= event.created_at:
        return
    state.webhook_enabled = False
    state.save(update_fields=["webhook_enabled"])
    Delivery.objects.filter(status=Delivery.Status.PENDING).update(status=Delivery.Status.NOT_SENT)
