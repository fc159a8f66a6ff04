"""Fold a correction's entries: add what adds up, work out anew what doesn't."""

from __future__ import annotations

from typing import Any

from django.db import connection

from events.aggregating import (
    ADD_TO_AGGREGATE,
    ADD_TO_DISTINCT,
    KEY,
    LATEST_OF_ENTRY,
    SIGN,
    STANDING_IN_ITS_PERIOD,
    VALUES,
    distinct_value,
)
from events.models import UsageCorrection, UsageEvent
from events.selectors.entries import entry_id

_OF_CORRECTION = """
    FROM events_usageevent l JOIN events_metric m ON m.id = l.metric_id
    WHERE l.organisation_id = %(organisation)s AND l.project_id = %(project)s
        AND l.event_id = ANY (%(event_ids)s) AND l.batch_id = %(correction)s
"""

_ADD = f"""
    INSERT INTO events_usageaggregate AS a ({KEY}, {VALUES})
    SELECT {KEY}, sum(quantity), sum({SIGN}), NULL, NULL
    FROM (SELECT l.* {_OF_CORRECTION}) l
    GROUP BY {KEY}
    {ADD_TO_AGGREGATE}
"""  # noqa: S608

_ADD_DISTINCT = f"""
    INSERT INTO events_usagedistinct AS d ({KEY}, value, event_count)
    SELECT {KEY}, value, sum({SIGN})
    FROM (SELECT l.*, m.aggregation, m.unique_property {_OF_CORRECTION}) l,
        LATERAL ({distinct_value("unique_property")}) named
    WHERE aggregation = 'unique' AND value IS NOT NULL
    GROUP BY {KEY}, value
    {ADD_TO_DISTINCT}
"""  # noqa: S608

# All dimensions of the hour at once: they are few, and reading the hour is what takes its time.
_WORK_OUT_ANEW = f"""
    UPDATE events_usageaggregate a SET maximum = found.maximum, latest = found.latest
    FROM (
        SELECT {KEY},
            max(quantity) FILTER (WHERE aggregation = 'max' AND {STANDING_IN_ITS_PERIOD}) AS maximum,
            max({LATEST_OF_ENTRY}) FILTER (WHERE aggregation = 'latest' AND {STANDING_IN_ITS_PERIOD}) AS latest
        FROM (
            SELECT l.*, m.aggregation FROM events_usageevent l JOIN events_metric m ON m.id = l.metric_id
            WHERE l.organisation_id = %(organisation)s AND l.project_id = %(project)s AND l.metric_id = %(metric)s
                AND l.hour = %(hour)s AND l.counted_in = %(month)s
        ) l
        GROUP BY {KEY}
    ) found
    WHERE (a.organisation_id, a.project_id, a.metric_id, a.dimensions, a.hour, a.counted_in)
        = (found.organisation_id, found.project_id, found.metric_id, found.dimensions, found.hour, found.counted_in)
"""  # noqa: S608


def fold_correction(correction: UsageCorrection) -> None:
    """Bring the aggregates up to date with the entries that a correction has put into the ledger.

    Call it in the transaction that wrote them, with the month locked FOR SHARE as settling does.
    """
    parameters: dict[str, Any] = {
        "organisation": correction.organisation_id,
        "project": correction.project_id,
        "metric": correction.metric_id,
        "hour": correction.hour,
        "month": correction.counted_in,
        "correction": correction.pk,
        "event_ids": [
            entry_id(correction.pk, kind) for kind in (UsageEvent.Kind.REVERSAL, UsageEvent.Kind.REPLACEMENT)
        ],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ADD, parameters)
        cursor.execute(_ADD_DISTINCT, parameters)
        if correction.metric.aggregation in {"max", "latest"}:
            cursor.execute(_WORK_OUT_ANEW, parameters)
