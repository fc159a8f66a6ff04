"""The SQL of adding up that folding, correcting, rebuilding, metering and reports share, so that they can't differ."""

from __future__ import annotations

KEY = "organisation_id, project_id, metric_id, dimensions, hour, counted_in"
VALUES = "total, event_count, maximum, latest"

ADD_TO_AGGREGATE = f"""
    ON CONFLICT ({KEY}) DO UPDATE SET
        total = a.total + excluded.total, event_count = a.event_count + excluded.event_count,
        maximum = greatest(a.maximum, excluded.maximum), latest = greatest(a.latest, excluded.latest)
"""

ADD_TO_DISTINCT = f"""
    ON CONFLICT ({KEY}, value) DO UPDATE SET event_count = d.event_count + excluded.event_count
"""


def distinct_value(key: str) -> str:
    """A SELECT of the text that a metadata key holds, as `value`; a long one is cut and told apart by a digest.

    With eight dimensions of the longest names and values beside it, it fits into a B-tree entry of 2.7 KB.
    """
    return f"""
        SELECT CASE WHEN octet_length(metadata ->> {key}) <= 160 THEN metadata ->> {key}
            ELSE left(metadata ->> {key}, 32) || '…' || md5(metadata ->> {key}) END AS value
    """


# Of a ledger entry `l`: what it counts for.
SIGN = "CASE l.kind WHEN 'reversal' THEN -1 ELSE 1 END"

LATEST_OF_ENTRY = """
    ARRAY[extract(epoch FROM l.occurred_at), extract(epoch FROM l.received_at), l."position", l.quantity]
"""


def standing(cancelled: str = "true") -> str:
    """The condition that a ledger entry `l` has a say in maximum and latest: no correction `c` cancelled it.

    `cancelled` may say which corrections count: a closed period knows only those that were counted in it.
    """
    return f"""
        l.kind <> 'reversal' AND NOT EXISTS (
            SELECT FROM events_usagecorrection c
            WHERE c.organisation_id = l.organisation_id AND c.project_id = l.project_id
                AND c.cancelled_event_id = l.event_id AND c.cancelled_received_month = l.received_month
                AND {cancelled})
    """


STANDING_IN_ITS_PERIOD = standing("c.counted_in = l.counted_in")
