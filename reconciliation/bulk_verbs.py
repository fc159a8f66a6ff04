"""What may be decided about many discrepancies at once.

A repair asks Razorpay or the file storage, which no bulk job may: each is begun on its own page.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Case, F, Q, Value, When

from billing_platform.lib.errors import NotFound
from invoicing.rates import BOOKS
from organisations.services.bulk.verbs import VERBS, BulkVerb, Options, Refusals
from reconciliation.models import Discrepancy
from reconciliation.services import resolving

State = Discrepancy.State
_SETTLED: Refusals = [
    (Q(state=State.REPAIRED), "It is repaired."),
    (Q(state=State.WRITTEN_OFF), "It is written off."),
    (Q(state=State.GONE), "It is gone by itself."),
]


def _assign(discrepancy_id: UUID, _maker: Any, options: Options) -> None:
    name = options["assigned_to"]
    person = get_user_model()._default_manager.filter(username=name).first() if name else None
    if name and person is None:
        raise NotFound(f"There is no {name} any more.")
    resolving.assign(discrepancy_id=discrepancy_id, to=person)


_DISCREPANCIES: dict[str, Any] = {
    "model": Discrepancy,
    "permission": "reconciliation.resolve_discrepancy",
    "name_of": F("about"),
    "amount": F("worth"),
    "currency": Case(When(worth__isnull=True, then=Value("")), default=Value(BOOKS)),
    "order": ("first_seen_at", "pk"),
}

ACKNOWLEDGE = BulkVerb(
    name="discrepancies.acknowledge",
    label="Acknowledge",
    does="You look at them: they are assigned to you, and stay on the list.",
    act=lambda pk, maker, options: resolving.acknowledge(discrepancy_id=pk, by=maker, note=options["note"]),
    refuses=lambda _options: _SETTLED,
    undo="Assign them to somebody else, or to nobody.",
    **_DISCREPANCIES,
)
ASSIGN = BulkVerb(
    name="discrepancies.assign",
    label="Assign",
    does="They stand on that person's list. Their states stay.",
    act=_assign,
    refuses=lambda _options: _SETTLED,
    undo="Assign them again; the audit log has whose each was before.",
    **_DISCREPANCIES,
)
WRITE_OFF = BulkVerb(
    name="discrepancies.write_off",
    label="Write off",
    does="They stay as they are, each with this reason. One is opened again only if it says something else.",
    act=lambda pk, maker, options: resolving.write_off(discrepancy_id=pk, by=maker, reason=options["reason"]),
    refuses=lambda _options: _SETTLED,
    seen=F("gist"),
    undo="One that was written off by mistake is opened again when its check finds that it says something else.",
    danger=True,
    **_DISCREPANCIES,
)


def register() -> None:
    for verb in (ACKNOWLEDGE, ASSIGN, WRITE_OFF):
        VERBS.register(verb)
