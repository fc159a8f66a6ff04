"""What may be done to many dead letters and alerts at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F, Q

from billing_platform.lib.work.waking import RareWaking
from events.models import Alert, DeadLetter
from events.services import dead_letters
from events.services.alerting.acknowledging import acknowledge
from organisations.services.bulk.verbs import VERBS, BulkVerb, Options, Refusals

OVER: Refusals = [(~Q(status=DeadLetter.Status.OPEN), "It is not open any more.")]

_SETTLING = RareWaking("events.tasks.settle_pending")


def _replay(letter_id: UUID, maker: Any, options: Options) -> None:
    dead_letters.replay_one(letter_id=letter_id, by=maker.get_username(), reason=options.get("reason", ""))
    _SETTLING.wake_on_commit()


def _discard(letter_id: UUID, maker: Any, options: Options) -> None:
    dead_letters.discard_one(letter_id=letter_id, by=maker.get_username(), reason=options["reason"])


REPLAY = BulkVerb(
    name="letters.replay",
    label="Replay",
    model=DeadLetter,
    permission="events.replay_deadletter",
    does="Those that would be counted now go back to be counted, as received when they were first. The others fail, "
    "with the reason, and stay open.",
    act=_replay,
    refuses=lambda _options: [
        *OVER,
        (Q(accepted_event__has_key="base64"), "It can't be read; only its sender can send it again."),
    ],
    name_of=F("event_id"),
    undo="Void the usage that was counted by mistake, on the ledger's list.",
    order=("project_id", "first_seen_at", "pk"),
)
DISCARD = BulkVerb(
    name="letters.discard",
    label="Discard",
    model=DeadLetter,
    permission="events.discard_deadletter",
    does="Those that are open stay stored, but will never be counted.",
    act=_discard,
    refuses=lambda _options: OVER,
    name_of=F("event_id"),
    undo="A discarded dead letter stays discarded; its sender may send the event again.",
    danger=True,
    order=("project_id", "first_seen_at", "pk"),
)


ACKNOWLEDGE = BulkVerb(
    name="alerts.acknowledge",
    label="Acknowledge",
    model=Alert,
    permission="events.acknowledge_alert",
    does="Others see that you look after each. Its customer gets an e-mail when it recovers.",
    act=lambda pk, maker, _options: acknowledge(alert_id=pk, by=maker.get_username()),
    refuses=lambda _options: [(~Q(state=Alert.State.FIRING), "It is not firing, or somebody looks after it already.")],
    name_of=F("sentence"),
    undo="Who looks after an alert stays noted until it is over.",
    order=("fired_at", "pk"),
)


def register() -> None:
    for verb in (REPLAY, DISCARD, ACKNOWLEDGE):
        VERBS.register(verb)
