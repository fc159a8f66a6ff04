"""Rebuild the aggregates of a month from the ledger; what comes out equals what folding made, row for row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from billing_platform.lib.periods import BillingPeriod
from events.services.closing import lock_period
from organisations.models import Organisation

_KEY = "organisation_id, project_id, metric_id, dimensions, hour, usage_month"

_FROM_LEDGER = f"""
    SELECT {_KEY}, sum(quantity) AS total, count(*) AS event_count
    FROM events_usageevent
    WHERE organisation_id = %(organisation)s AND usage_month = %(month)s
    GROUP BY {_KEY}
"""  # noqa: S608

_COMPARE = f"""
    SELECT count(*) FILTER (WHERE l.total IS NOT NULL),
        count(*) FILTER (WHERE a.total IS NULL),
        count(*) FILTER (WHERE l.total IS NULL),
        count(*) FILTER (WHERE (a.total, a.event_count) <> (l.total, l.event_count))
    FROM ({_FROM_LEDGER}) l
    FULL JOIN (
        SELECT * FROM events_usageaggregate WHERE organisation_id = %(organisation)s AND usage_month = %(month)s
    ) a USING ({_KEY})
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """How the aggregates differed from the ledger."""

    rows: int
    missing: int
    surplus: int
    wrong: int

    @property
    def differences(self) -> int:
        return self.missing + self.surplus + self.wrong


def rebuild_aggregates(*, organisation: Organisation, period: BillingPeriod, dry_run: bool = False) -> RebuildReport:
    """Compare with the ledger and, unless `dry_run`, write anew what it says.

    The month's row is locked against settling meanwhile, so no event is folded into what is being replaced.
    """
    parameters = {"organisation": organisation.pk, "month": period.start}
    with transaction.atomic():
        if not dry_run:
            lock_period(organisation, period.start)
        report = _compare(parameters)
        if not dry_run and report.differences:
            _replace(parameters)
    return report


def _compare(parameters: dict[str, Any]) -> RebuildReport:
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, parameters)
        return RebuildReport(*cursor.fetchone())


def _replace(parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM events_usageaggregate WHERE organisation_id = %(organisation)s AND usage_month = %(month)s",
            parameters,
        )
        cursor.execute(f"INSERT INTO events_usageaggregate ({_KEY}, total, event_count) {_FROM_LEDGER}", parameters)
