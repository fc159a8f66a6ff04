"""Fold a correction's entries: add what adds up, work out anew what doesn't."""

from __future__ import annotations

from typing import Any

from django.db import connection

from billing_platform.lib.database.sql import query
from events.models import Metric, UsageCorrection
from events.selectors.entries import entry_ids

_ADD = query(__file__, "add_correction")
_ADD_TO_LEVEL = query(__file__, "add_correction_to_level")
_ADD_DISTINCT = query(__file__, "add_correction_distinct")
_WORK_OUT_ANEW = query(__file__, "work_out_anew")


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
        "corrected_in": [correction.counted_in],
        "correction": correction.pk,
        "event_ids": entry_ids(correction.pk),
        "zone": correction.organisation.time_zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ADD, parameters)
        cursor.execute(_ADD_DISTINCT, parameters)
        if correction.metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
            cursor.execute(_ADD_TO_LEVEL, parameters)
        if correction.metric.aggregation in {"max", "latest"}:
            cursor.execute(_WORK_OUT_ANEW, parameters)
