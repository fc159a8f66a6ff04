"""Tell endpoints that something happened: the one verb that other apps call.

It writes messages and deliveries in the caller's transaction, which stand or fall with what they tell of. Nothing is
written, and no payload is made, where no endpoint would hear of it: then it costs one small query, however many objects
it is about. A payload that can't be made is made later (`making.py`): it never refuses what it tells of.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.sql import query
from billing_platform.lib.work import backoff
from billing_platform.lib.work.waking import RareWaking
from organisations.models import WebhookEndpoint
from organisations.models.webhook_endpoint import CURRENT_VERSION
from organisations.webhooks.event_types import EVENT_TYPES, subscribed
from organisations.webhooks.making import UNMADE, as_given, make_all
from organisations.webhooks.payloads import Payload

_ANNOUNCE = query(__file__, "announce")
SENDER = RareWaking("organisations.tasks.send_webhooks")


def announce(
    event_type: str,
    *,
    organisation_id: UUID | None,
    object_id: UUID,
    occasion: object = "",
    payload: Payload | None = None,
) -> None:
    """Tell of one object; see `announce_all`. `payload` stands in place of what its app has registered."""
    payloads = {object_id: payload} if payload is not None else None
    announce_all(event_type, owners={object_id: organisation_id}, occasion=occasion, payloads=payloads)


def announce_all(
    event_type: str,
    *,
    owners: Mapping[UUID, UUID | None],
    occasion: object = "",
    payloads: Mapping[UUID, Payload] | None = None,
    audiences: Mapping[UUID, Collection[UUID]] | None = None,
) -> None:
    """Tell the endpoints of these objects' organisations, and the seller's own, what happened to the objects.

    `owners` has the organisation of each object (None: of nobody). `audiences` has other organisations whose endpoints
    hear of an object: those for whom a price for all holds. An object is told of once for each type and `occasion`:
    name one where the same can happen again. Call it once the objects stand as they are to be told of.
    Raises ValueError for a type that EVENT_TYPES does not name.
    """
    if event_type not in EVENT_TYPES:
        raise ValueError(f"{event_type} is no type of event")
    audiences = audiences or {}
    heard = _heard(event_type, owners, audiences) if owners else {}
    if not heard:
        return
    said = as_given(payloads) if payloads is not None else make_all(event_type, list(heard))
    rows = [
        {
            "uid": str(uuid.uuid4()),
            "organisation_id": heard[each] and str(heard[each]),
            "audience": [str(organisation) for organisation in audiences.get(each, ())],
            "object_id": str(each),
            "dedupe_key": f"{event_type}:{each}:{occasion}".rstrip(":"),
            "payload": said[each].payload,
            "facts": said[each].facts,
            "failure": said[each].failure,
        }
        for each in heard
        if each in said
    ]
    _write(event_type, rows)


def is_heard(event_type: str) -> bool:
    """Whether any endpoint hears of such events: for jobs that would look for them."""
    chosen = WebhookEndpoint.objects.values_list("event_types", flat=True)
    return any(subscribed(types, event_type) for types in chosen)


def _heard(
    event_type: str, owners: Mapping[UUID, UUID | None], audiences: Mapping[UUID, Collection[UUID]]
) -> dict[UUID, UUID | None]:
    """The objects whose organisation has an endpoint that hears of it, or all if the seller has one of its own. What a
    disabled endpoint misses is stored too: it is replayed when the endpoint is in use again."""
    told = {each: {*audiences.get(each, ()), owner} for each, owner in owners.items()}
    named = {organisation for those in told.values() for organisation in those if organisation}
    of_them = Q(organisation__isnull=True) | Q(organisation__in=named)
    endpoints = WebhookEndpoint.objects.filter(of_them).values_list("organisation_id", "event_types")
    listening = {organisation for organisation, types in endpoints if subscribed(types, event_type)}
    return {each: owner for each, owner in owners.items() if None in listening or told[each] & listening}


def _write(event_type: str, rows: list[dict[str, Any]]) -> None:
    now = clock.now()
    due = min(now, clock.real_now())  # a test customer's clock may be ahead: receivers are told now all the same
    values: dict[str, Any] = {
        "rows": json.dumps(rows),
        "type": event_type,
        "version": CURRENT_VERSION,
        "now": now,
        "due": due,
        "later": due + backoff.FIRST,
        "unmade": UNMADE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ANNOUNCE, values)
        (deliveries,) = cursor.fetchone()
    if deliveries:
        SENDER.wake_on_commit()
