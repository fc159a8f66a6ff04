"""What usage is worth that is not counted as it ought to be: about, by a likely price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from events.models import Metric
from invoicing.pricing import Usage
from invoicing.rates import BOOKS
from invoicing.selectors.likely_prices import Asked, estimates_of
from reconciliation.findings import Finding

_Known = tuple[Finding, Asked, Usage]


def with_worth(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, with an estimate in rupees where usage is at stake of a customer who pays in rupees, and a price is
    known: its own or everybody's, as another customer's would be told by it. Each as if there were no other usage: of
    tiers, that is the first one. Four queries, or none."""
    known = list(_priced_by_amount(findings))
    if not known:
        return list(findings)
    worths = {}
    estimates = estimates_of([(asked, used) for _, asked, used in known])
    for (finding, *_usage), estimate in zip(known, estimates, strict=True):
        if estimate is None or estimate.amount.currency != BOOKS:
            continue
        if estimate.rule.organisation_id in (None, finding.organisation_id):
            worths[finding.kind, finding.subject] = estimate.amount.amount
    return [replace(each, worth=worths.get((each.kind, each.subject), each.worth)) for each in findings]


def _priced_by_amount(findings: Sequence[Finding]) -> Iterator[_Known]:
    """Those whose metric adds up values, or counts events: of a greatest or a newest value, one event says little."""
    stakes = [(each, stake, owner) for each in findings if (stake := each.at_stake) and (owner := each.organisation_id)]
    if not stakes:
        return
    aggregations = _aggregations({stake.metric_name for _, stake, _ in stakes}, {owner for *_, owner in stakes})
    for finding, stake, owner in stakes:
        how = aggregations.get((owner, stake.metric_name)) or aggregations.get((None, stake.metric_name))
        if how in (Metric.Aggregation.SUM, Metric.Aggregation.COUNT):
            quantity = stake.quantity if how == Metric.Aggregation.SUM else Decimal(1)
            yield finding, Asked(owner, stake.metric_name, stake.unit), Usage(quantity, 1)


def _aggregations(names: set[str], owners: set[UUID]) -> dict[tuple[UUID | None, str], str]:
    metrics = Metric.objects.filter(Q(organisation__in=owners) | Q(organisation__isnull=True), name__in=names)
    return {(owner, name): how for owner, name, how in metrics.values_list("organisation_id", "name", "aggregation")}
