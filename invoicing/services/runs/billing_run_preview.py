"""What starting a billing run would do, for the page that asks: nothing here is stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing_platform.lib.money import ZERO, Money
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.invoice import compute
from invoicing.models import BillingRunItem
from invoicing.services.facts.invoice_facts import facts_of_months
from invoicing.services.runs.billing_run import left_to_do, who_is_billed
from organisations.models import Organisation

MOST_ESTIMATED = 50
"""Pricing one customer's month takes milliseconds; with more customers the page would be slow."""

Status = BillingRunItem.Status


@dataclass(frozen=True, slots=True)
class RunPreview:
    """What starting or continuing a month's run would do.

    `billed` are the customers taken up, `invoices` how many of them would get one; `left_alone` counts the others by
    the state of their item; `not_over` are customers for whom the month ends later, with that moment. `invoices` and
    `estimates` (including tax, by currency) are None where there are too many customers to price.
    """

    billed: tuple[Organisation, ...]
    left_alone: dict[str, int]
    not_over: tuple[tuple[Organisation, datetime], ...]
    invoices: int | None
    estimates: tuple[Money, ...] | None
    warnings: tuple[str, ...]


def preview_run(*, period: BillingPeriod, organisations: Iterable[Organisation] | None = None) -> RunPreview:
    """Which customers a run would bill, and what that would come to by now. `organisations` are billed whatever
    became of their month before."""
    ready, not_over = who_is_billed(period, organisations)
    states = dict(
        BillingRunItem.objects.filter(run__period_start=period.start).values_list("organisation_id", "status")
    )
    billed = ready if organisations is not None else left_to_do(period=period)
    others = Counter(state for pk, state in states.items() if pk not in {each.pk for each in billed})
    left_alone = {Status(state).label: count for state, count in sorted(others.items())}
    if len(billed) > MOST_ESTIMATED:
        return RunPreview(billed, left_alone, not_over, None, None, ())
    totals: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    warnings, invoices = [], 0
    facts = facts_of_months(billed, period) if billed else {}
    for organisation in billed:
        computed = compute(facts[organisation.pk])
        warnings += [f"{organisation.name}: {warning.message}" for warning in computed.warnings if computed.lines]
        if computed.lines:
            invoices += 1
            totals[organisation.currency] += computed.totals.total
    estimates = tuple(Money(total, currency) for currency, total in sorted(totals.items()))
    return RunPreview(billed, left_alone, not_over, invoices, estimates, tuple(warnings))
