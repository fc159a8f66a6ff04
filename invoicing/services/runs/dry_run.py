"""The dry run: what a month's billing run would make of each customer by now. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from uuid import UUID

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import money_text
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import failure_text
from invoicing.computing.approval import Decision, IssueStep
from invoicing.computing.invoice import Computed, compute
from invoicing.computing.safety_bounds import MonthTotal
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.models import BillingRunItem
from invoicing.selectors.month_history import month_histories
from invoicing.services.facts.invoice_facts import facts_of_months
from invoicing.services.issue_gate import decisions
from invoicing.services.runs.billing_run import left_to_do, who_is_billed
from organisations.models import Organisation

CHUNK = 200
"""Customers whose facts are read together."""


class Outcome(Enum):
    """What would become of a customer's month, in words for people."""

    ISSUED = "Issued"
    WAITS = "Waits"
    APPROVAL = "Needs approval"
    PARKED = "Parked for review"
    REFUSED = "Can't be issued"
    NOTHING = "Nothing to bill"
    LEFT_ALONE = "Left alone"
    NOT_OVER = "Month not over"


@dataclass(frozen=True, slots=True)
class DryRow:
    """One customer. `total` is with tax, `before` what the month before was invoiced at; None where there is none.
    `remarks` say why it is not simply issued, and what would stay unbilled; `deadline` until when the month's invoice
    must be issued, if that is near or over: mostly the same for all."""

    organisation: Organisation
    outcome: Outcome
    total: Decimal | None = None
    lines: int = 0
    before: Decimal | None = None
    remarks: tuple[str, ...] = ()
    deadline: str = ""

    @property
    def difference(self) -> Decimal | None:
        """To the month before; None where one of the two is missing."""
        return None if self.total is None or self.before is None else self.total - self.before


def customers_of(period: BillingPeriod) -> list[Organisation]:
    """Everybody whom the month concerns, by name: also those that are billed already, and whose month is not over."""
    ready, not_over = who_is_billed(period)
    return sorted((*ready, *(each for each, _end in not_over)), key=lambda each: each.name)


def dry_run(*, period: BillingPeriod, organisations: Sequence[Organisation]) -> Iterator[DryRow]:
    """A row for each of the organisations, in their order; worked out as they are asked for, some hundred at a time."""
    due = {organisation.pk for organisation in left_to_do(period=period)}
    items = {
        item.organisation_id: item
        for item in BillingRunItem.objects.filter(run__period_start=period.start).select_related("invoice")
    }
    drafts = {pk: item.invoice for pk, item in items.items() if item.invoice is not None and item.invoice.is_draft}
    for start in range(0, len(organisations), CHUNK):
        chunk = {organisation.pk: organisation for organisation in organisations[start : start + CHUNK]}
        months, refused = _computed([each for pk, each in chunk.items() if pk in due], period)
        decided = decisions(chunk, months, period, items=items, invoices=drafts)
        histories = month_histories(organisations=list(chunk), before=period)
        for pk, organisation in chunk.items():
            before = _month_before(histories.get(pk, ()), period)
            if pk in months:
                yield _worked_out(organisation, months[pk], before, decided[pk])
            elif pk in refused:
                yield DryRow(organisation, Outcome.REFUSED, before=before, remarks=(refused[pk],))
            else:
                yield _untouched(organisation, items.get(pk), before)


def _computed(organisations: list[Organisation], period: BillingPeriod) -> tuple[dict[UUID, Computed], dict[UUID, str]]:
    """The month's invoice of each, and why it can't be worked out: one customer's wrong facts stop no other."""
    months: dict[UUID, Computed] = {}
    refused: dict[UUID, str] = {}
    for pk, facts in (facts_of_months(organisations, period) if organisations else {}).items():
        try:
            months[pk] = compute(facts)
        except Exception as error:  # whatever wrong facts may throw: it is the answer for this customer
            refused[pk] = failure_text(error)
    return months, refused


def _month_before(history: Sequence[MonthTotal], period: BillingPeriod) -> Decimal | None:
    previous = period.previous().start
    return next((each.total for each in history if each.month == previous), None)


def _untouched(organisation: Organisation, item: BillingRunItem | None, before: Decimal | None) -> DryRow:
    """With the total of the invoice or draft that the month has already."""
    if item is None:
        return DryRow(organisation, Outcome.NOT_OVER, before=before)
    total = item.invoice.total if item.invoice else None
    return DryRow(organisation, Outcome.LEFT_ALONE, total, before=before, remarks=(item.get_status_display(),))


_OUTCOMES = {
    IssueStep.ISSUE: Outcome.ISSUED,
    IssueStep.WAIT: Outcome.WAITS,
    IssueStep.APPROVE: Outcome.APPROVAL,
    IssueStep.PARK: Outcome.PARKED,
}


def _worked_out(organisation: Organisation, computed: Computed, before: Decimal | None, decision: Decision) -> DryRow:
    blocking = tuple(warning.message for warning in computed.warnings if warning.blocks)
    others = tuple(warning.message for warning in computed.warnings if not warning.blocks and not _is_deadline(warning))
    deadline = next((warning.message for warning in computed.warnings if _is_deadline(warning)), "")
    reasons = tuple(reason.sentence for reason in decision.reasons)
    total = computed.totals.total
    if computed.is_empty and decision.step == IssueStep.ISSUE:
        return DryRow(organisation, Outcome.NOTHING, total=ZERO, before=before)
    outcome = _OUTCOMES[decision.step]
    if outcome == Outcome.ISSUED and blocking:
        outcome = Outcome.REFUSED
    told = tuple(dict.fromkeys((*blocking, *reasons, *others)))
    return DryRow(organisation, outcome, total, len(computed.lines), before, told, deadline)


def _is_deadline(warning: DraftWarning) -> bool:
    return warning.code == WarningCode.ISSUE_SOON


def deadlines(rows: Iterable[DryRow]) -> tuple[str, ...]:
    """Each sentence about the last day once."""
    return tuple(dict.fromkeys(row.deadline for row in rows if row.deadline))


COLUMNS = ("customer", "slug", "outcome", "currency", "lines", "total", "month_before", "difference", "remarks")


def csv_rows(rows: Iterable[DryRow]) -> Iterator[tuple[str, ...]]:
    """The heading, then a line for each customer; amounts with tax, in the customer's currency, empty where there are
    none."""
    yield COLUMNS
    for row in rows:
        currency = row.organisation.currency
        amounts = (_amount(each, currency) for each in (row.total, row.before, row.difference))
        name, slug = row.organisation.name, row.organisation.slug
        yield (
            name,
            slug,
            row.outcome.value,
            currency,
            str(row.lines),
            *amounts,
            " ".join(filter(None, (*row.remarks, row.deadline))),
        )


def _amount(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else money_text(amount, currency)
