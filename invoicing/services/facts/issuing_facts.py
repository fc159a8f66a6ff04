"""The only reader for deciding whether drafts may be issued: rules, holds, histories and approvals. No arithmetic.

Read for many drafts at once, with as many queries as for one. What no rule of these customers asks about is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.approval import (
    AnyReason,
    Approval,
    ApprovalRules,
    Decision,
    IssuingFacts,
    edited_by_hand,
    end_of_grace,
    fingerprint_of,
    issue_decision,
)
from invoicing.computing.invoice import Computed
from invoicing.models import Invoice, InvoiceApproval
from invoicing.selectors.month_history import month_histories
from organisations.models import BillingHold, Organisation
from organisations.services.holds import standing_holds


@dataclass(frozen=True, slots=True)
class ToIssue:
    """A draft as it is computed now. Have `billing_entity` read with its organisation.

    `invoice_id` is None where nothing is stored, `period` is None for a one-off. `drafted_at` is when the run first
    drafted the month; None where a person issues, who need not wait.
    """

    organisation: Organisation
    computed: Computed
    period: BillingPeriod | None
    invoice_id: UUID | None = None
    drafted_at: datetime | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(
            lines=self.computed.lines, total=self.computed.totals.total, currency=self.computed.currency
        )


def decide(
    drafts: Sequence[ToIssue], *, out_of_bounds: Mapping[UUID, Sequence[AnyReason]] | None = None
) -> list[Decision]:
    """What becomes of each draft now, in their order. `out_of_bounds` are the safety bounds that drafts are beyond,
    by the organisation's id."""
    beyond = out_of_bounds or {}
    return [
        issue_decision(facts, out_of_bounds=beyond.get(draft.organisation.pk, ()))
        for draft, facts in zip(drafts, issuing_facts(drafts), strict=True)
    ]


def issuing_facts(drafts: Sequence[ToIssue]) -> list[IssuingFacts]:
    """What the decisions are made from, in the order of the drafts."""
    now, ids = clock.now(), [draft.organisation.pk for draft in drafts]
    rules = {pk: rules_of(draft.organisation) for pk, draft in zip(ids, drafts, strict=True)}
    holds = standing_holds(organisations=ids, kind=BillingHold.Kind.DRAFT_ONLY)
    histories = _histories(drafts, rules)
    known = _issued_before([pk for pk in ids if rules[pk].first])
    approvals = _approvals(draft.invoice_id for draft in drafts if draft.invoice_id)
    return [
        IssuingFacts(
            now=now,
            zone=ZoneInfo(draft.organisation.billing_entity.time_zone),
            currency=draft.computed.currency,
            total=draft.computed.totals.total,
            edited=edited_by_hand(draft.computed.lines),
            fingerprint=draft.fingerprint if draft.invoice_id in approvals else "",
            rules=rules[pk],
            history=histories.get((pk, draft.period), ()),
            issued_before=pk in known,
            has_lines=bool(draft.computed.lines),
            grace_ends=grace_ends(draft.organisation, draft.drafted_at),
            hold=" ".join(hold.sentence for hold in holds.get(pk, ())),
            approval=approvals.get(draft.invoice_id) if draft.invoice_id else None,
        )
        for pk, draft in zip(ids, drafts, strict=True)
    ]


def as_json(reasons: Iterable[AnyReason]) -> list[dict[str, Any]]:
    """As invoices, items and approvals keep them, and the API sends them."""
    return [{"code": str(reason.code), "message": reason.sentence} for reason in reasons]


def rules_of(organisation: Organisation) -> ApprovalRules:
    """The customer's rules, its seller's where it has none of its own."""
    entity = organisation.billing_entity
    above = organisation.approve_above
    if above is None and organisation.currency in entity.approve_above:
        above = Decimal(entity.approve_above[organisation.currency])
    change = organisation.approve_change_percent
    return ApprovalRules(
        draft_days=entity.draft_days if organisation.draft_days is None else organisation.draft_days,
        above=above,
        change_percent=entity.approve_change_percent if change is None else change,
        first=entity.approve_first if organisation.approve_first is None else organisation.approve_first,
        edited=entity.approve_edited if organisation.approve_edited is None else organisation.approve_edited,
    )


def grace_ends(organisation: Organisation, drafted_at: datetime | None) -> datetime | None:
    """When a month that the run drafted then is issued, by the rules of today; None without days of grace."""
    days = rules_of(organisation).draft_days
    if drafted_at is None or not days:
        return None
    return end_of_grace(drafted_at=drafted_at, days=days, zone=ZoneInfo(organisation.billing_entity.time_zone))


def _histories(
    drafts: Iterable[ToIssue], rules: Mapping[UUID, ApprovalRules]
) -> dict[tuple[UUID, BillingPeriod | None], tuple[Decimal, ...]]:
    """Earlier month invoices' totals, for months whose customer has a rule about a change; one query for each month."""
    asked: dict[BillingPeriod, list[UUID]] = {}
    for draft in drafts:
        if draft.period is not None and rules[draft.organisation.pk].change_percent is not None:
            asked.setdefault(draft.period, []).append(draft.organisation.pk)
    return {
        (pk, period): tuple(each.total for each in totals)
        for period, organisations in asked.items()
        for pk, totals in month_histories(organisations=organisations, before=period).items()
    }


def _issued_before(organisations: list[UUID]) -> set[UUID]:
    """Who of them has an invoice that was issued and is not void."""
    if not organisations:
        return set()
    issued = Invoice.objects.issued().filter(organisation__in=organisations)
    return set(issued.order_by().values_list("organisation", flat=True).distinct())


def _approvals(invoices: Iterable[UUID]) -> dict[UUID, Approval]:
    """The last approval of each draft."""
    rows = InvoiceApproval.objects.filter(invoice_id__in=list(invoices)).order_by("created_at")
    return {row.invoice_id: row.as_approval() for row in rows}
