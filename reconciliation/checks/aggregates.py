"""The ledger and the aggregates: every hour's sum, count, maximum, latest value, different values, and the levels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from billing_platform.lib.dates_in_words import day_text, month_text
from events.models import Metric
from events.services.aggregates.comparing import MetricReport, RebuildReport, compare_day, days_of_use
from organisations.models import Organisation
from reconciliation.findings import AtStake, Finding, FindingKind, Tally, Window

_Key = tuple[UUID, UUID, date, bool]


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """Of each day the hours in it, and those of what was received on it: late usage counts in hours long ago.

    A finding belongs to the day of use, so that it is gone only when that day was read again. Levels are compared for a
    whole month with each day of use in it: what is wrong with them is one finding, of the day that was read last.
    """
    days = {*window.days}
    for day in window.days:
        days |= {*days_of_use(received_on=day, organisation_id=window.organisation_id)}
    for day in sorted(day for day in days if not window.leaves_to_others(day)):
        differing: dict[_Key, RebuildReport] = defaultdict(RebuildReport)
        for each in compare_day(day=day, organisation_id=window.organisation_id):
            tally.compared += each.report.rows
            if each.report.differences:
                differing[_key(each)] += each.report
        yield from _findings(day, differing)


def _key(each: MetricReport) -> _Key:
    return each.organisation_id, each.metric_id, each.month, each.is_of_levels


def _findings(day: date, differing: dict[_Key, RebuildReport]) -> Iterator[Finding]:
    customers = Organisation.objects.in_bulk({key[0] for key in differing})
    metrics = Metric.objects.in_bulk({key[1] for key in differing})
    for (organisation_id, metric_id, month, is_of_levels), report in differing.items():
        customer, metric = customers[organisation_id], metrics[metric_id]
        which, when = ("levels", "") if is_of_levels else (f"{day}", f" on {day_text(day)}")
        yield Finding(
            FindingKind.AGGREGATES_DIFFER,
            subject=f"{which} {organisation_id} {metric_id} {month:%Y-%m}",
            about=f"{metric.name} of {customer.name}{when}, counted in {month_text(month)}",
            day=day,
            expected=f"{report.rows:,} {'levels' if is_of_levels else 'rows'} as the ledger says",
            found=f"{report.missing:,} missing, {report.surplus:,} too many, {report.wrong:,} with other values",
            organisation_id=organisation_id,
            at_stake=AtStake(metric.name, metric.unit, report.at_stake) if _adds_up(metric, report) else None,
            facts={"metric_id": str(metric_id), "month": f"{month:%Y-%m}"},
        )


def _adds_up(metric: Metric, report: RebuildReport) -> bool:
    """Of a sum the totals say what is at stake; of a greatest or a newest value they do not."""
    return metric.aggregation == Metric.Aggregation.SUM and report.at_stake > 0
