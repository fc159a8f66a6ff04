"""The gate between computing and issuing: which months a run may finish by itself."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.approval import Decision
from invoicing.computing.invoice import Computed
from invoicing.computing.safety_bounds import MonthDraft
from invoicing.models import BillingRunItem, Invoice
from invoicing.selectors.safety_bounds import out_of_bounds_of
from invoicing.services.facts.issuing_facts import ToIssue, decide
from organisations.models import Organisation


def decisions(
    organisations: Mapping[UUID, Organisation],
    months: Mapping[UUID, Computed],
    period: BillingPeriod,
    *,
    items: Mapping[UUID, BillingRunItem] | None = None,
    invoices: Mapping[UUID, Invoice] | None = None,
) -> dict[UUID, Decision]:
    """What becomes of each month as it is computed by now, by the organisation's id; of one in which nothing was used
    too. `items` tell when each was first drafted, now where there is none; `invoices` are the stored drafts. What it is
    decided from is read for all organisations at once."""
    now, known, stored = clock.now(), items or {}, invoices or {}
    drafts = {pk: _month_draft(computed, period) for pk, computed in months.items()}
    beyond = out_of_bounds_of([organisations[pk] for pk in months], drafts, period=period)
    asked = [
        ToIssue(
            organisations[pk],
            computed,
            period,
            invoice_id=stored[pk].pk if pk in stored else None,
            drafted_at=(known[pk].drafted_at if pk in known else None) or now,
        )
        for pk, computed in months.items()
    ]
    return dict(zip(months, decide(asked, out_of_bounds=beyond), strict=True))


def _month_draft(computed: Computed, period: BillingPeriod) -> MonthDraft:
    remarks = tuple(warning.message for warning in computed.left_off)
    return MonthDraft(period.start, computed.currency, computed.totals.total, len(computed.lines), remarks)
