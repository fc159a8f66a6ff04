"""Who is told of a price for all customers: those with an endpoint, for whom it may hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db import connection

from billing_platform.lib.database.sql import query

_AUDIENCE = query(__file__, "price_audience")


def price_audience(rule_ids: Collection[UUID], *, event_type: str) -> dict[UUID, list[UUID]]:
    """The organisations to tell of each rule that is for all customers; one query, however many there are."""
    if not rule_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_AUDIENCE, {"rules": list(rule_ids), "type": event_type})
        found: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for rule, organisation in cursor.fetchall():
            found[rule].append(organisation)
    return dict(found)
