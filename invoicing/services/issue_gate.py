"""The gate between computing and issuing: which months a run may finish by itself."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.approval import Decision, IssueStep
from invoicing.computing.invoice import Computed
from invoicing.computing.safety_bounds import MonthDraft
from invoicing.selectors.safety_bounds import out_of_bounds_of
from organisations.models import Organisation


def decisions(
    organisations: Mapping[UUID, Organisation], months: Mapping[UUID, Computed], period: BillingPeriod
) -> dict[UUID, Decision]:
    """What becomes of each month as it is computed by now, by the organisation's id; of one in which nothing was used
    too. What it is decided from is read for all organisations at once."""
    drafts = {pk: _month_draft(computed, period) for pk, computed in months.items()}
    reasons = out_of_bounds_of([organisations[pk] for pk in months], drafts, period=period)
    return {pk: Decision(IssueStep.PARK, reasons[pk]) if pk in reasons else Decision(IssueStep.ISSUE) for pk in months}


def _month_draft(computed: Computed, period: BillingPeriod) -> MonthDraft:
    remarks = tuple(warning.message for warning in computed.left_off)
    return MonthDraft(period.start, computed.currency, computed.totals.total, len(computed.lines), remarks)
