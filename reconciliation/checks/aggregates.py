"""The ledger and the aggregates: every hour's sum, count, maximum, latest value, different values, and the levels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from billing_platform.lib.dates_in_words import month_text
from events.models import Metric
from events.services.aggregates.comparing import MetricReport, RebuildReport, compare_day, days_of_use
from organisations.models import Organisation
from reconciliation.findings import Finding, FindingKind, Tally, Window

_Key = tuple[UUID, UUID, date]


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """Of each day the hours in it, and those of what was received on it: late usage counts in hours long ago."""
    for day in window.days:
        differing: dict[_Key, RebuildReport] = defaultdict(RebuildReport)
        for day_of_use in {day, *days_of_use(received_on=day, organisation_id=window.organisation_id)}:
            for each in compare_day(day=day_of_use, organisation_id=window.organisation_id):
                tally.compared += each.report.rows
                if each.report.differences:
                    differing[_key(each)] += each.report
        yield from _findings(day, differing)


def _key(each: MetricReport) -> _Key:
    return each.organisation_id, each.metric_id, each.month


def _findings(day: date, differing: dict[_Key, RebuildReport]) -> Iterator[Finding]:
    customers = Organisation.objects.in_bulk({key[0] for key in differing})
    metrics = Metric.objects.in_bulk({key[1] for key in differing})
    for (organisation_id, metric_id, month), report in differing.items():
        customer, metric = customers[organisation_id], metrics[metric_id]
        yield Finding(
            FindingKind.AGGREGATES_DIFFER,
            subject=f"{organisation_id} {metric_id} {month:%Y-%m}",
            about=f"{metric.name} of {customer.name}, counted in {month_text(month)}",
            day=day,
            expected=f"{report.rows:,} rows as the ledger says",
            found=f"{report.missing:,} missing, {report.surplus:,} too many, {report.wrong:,} with other values",
            organisation_id=organisation_id,
            facts={"metric_id": str(metric_id), "month": f"{month:%Y-%m}"},
        )
