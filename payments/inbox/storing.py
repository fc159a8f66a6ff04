"""Stores messages in the inbox: each once per event id and once per body, many with one commit.

A burst brings a thousand messages a second, and each is answered only when it is committed. So threads that arrive
while another one writes share the next INSERT, as usage events do (`events/services/accepting.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.utils import DatabaseError, InterfaceError, OperationalError
from psycopg.types.json import Jsonb

from billing_platform.lib.database.sql import query
from billing_platform.lib.group_commit import GroupCommit, NotWritten
from payments.models import InboundWebhook

_VALUES = f"({', '.join(['%s'] * 11)}, 'pending', 0, '', '')"
_MOST_SHARED = 16


@dataclass(slots=True)
class Arrival:
    """A message whose signature was checked, not saved yet. `is_new`: this call's INSERT stored it."""

    webhook: InboundWebhook
    is_new: bool = False

    def values(self) -> list[Any]:
        """In the order of insert_webhooks.sql. It is due at once."""
        new = self.webhook
        named = [new.pk, new.gateway_account_id, new.event_id, new.event_type, new.body, new.body_digest]
        return [*named, Jsonb(new.headers), *[new.received_at] * 4]


def store(webhook: InboundWebhook) -> tuple[InboundWebhook, bool]:
    """Commit a message. Returns the row that stands for it, and whether it is this one: it may be known already.

    Within a transaction of the caller's it is committed with that.
    """
    arrival = Arrival(webhook)
    if connection.in_atomic_block or not settings.FAST_PATH:
        _store_alone(arrival)
    else:
        try:
            _group.submit(arrival)
        except (NotWritten, DatabaseError, InterfaceError):
            _store_alone(arrival)
    if arrival.is_new:
        return webhook, True
    same = Q(event_id=webhook.event_id) | Q(body_digest=webhook.body_digest)
    known: InboundWebhook = InboundWebhook.objects.filter(same).earliest("received_at")
    return known, known.pk == webhook.pk  # stored just before the connection broke


def _store_alone(arrival: Arrival) -> None:
    """By itself; again if the database was restarted since this thread's last request."""
    try:
        _insert([arrival])
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        _insert([arrival])


def _insert(arrivals: Sequence[Arrival], *, prepared: bool = False) -> None:
    """Past Django's cursor, which binds no values on the server; no health check costs a round trip.

    Two processes that store the same messages in another order may wait for each other: PostgreSQL ends one of them
    with an error, and its messages are stored one by one.
    """
    connection.ensure_connection()
    # A savepoint only where there is a transaction already: by itself the statement is one.
    guard = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with guard, connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        values = [value for arrival in arrivals for value in arrival.values()]
        cursor.execute(_statement(len(arrivals)), values, prepare=prepared)
        stored = {row[0] for row in cursor.fetchall()}
    for arrival in arrivals:
        arrival.is_new = arrival.webhook.pk in stored


def _insert_prepared(arrivals: Sequence[Arrival]) -> None:
    """Parsed and planned once for each connection and number of rows."""
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 0  # None, Django's default, forbids it
    try:
        _insert(arrivals, prepared=True)
    finally:
        raw.prepare_threshold = None


@cache
def _statement(rows: int) -> bytes:
    return query(__file__, "insert_webhooks", rows=", ".join([_VALUES] * rows)).encode()


_group = GroupCommit(_insert_prepared, most=_MOST_SHARED)
