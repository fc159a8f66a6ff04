"""A chunk of a billing run: many organisations' months computed, stored and issued in one transaction.

Reading and writing take as many statements for a hundred organisations as for one. The facts are fetched once, under
the locks that issuing needs anyway: nothing that an invoice is made of can change between computing and the commit.

Locks are taken in the order of `finalize_invoice`: items, invoices, the organisations' billing, their months, prices,
counters; of each kind in the order of keys. A chunk does not wait for an invoice or a month that somebody else has
locked: whoever has it might wait for another row of the chunk. Such an organisation is done by itself afterwards, and
so is every organisation of a chunk in which something unforeseen went wrong: one failure never stops the others.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import update_rows
from billing_platform.lib.database.failures import is_trouble_of_the_database
from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import LONGEST_FAILURE, failure_text, let_go, note_failure
from events.errors import UsageUnsettled
from events.models import UsagePeriod
from events.services.months import close_locked, lock_periods, refused_closings
from invoicing.computing.approval import AnyReason, Decision, IssueStep
from invoicing.computing.invoice import Computed, compute
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.models import BillingRunItem, Invoice
from invoicing.models.invoice import InvoiceQuerySet
from invoicing.services.drafting import Draft, delete_draft, month_invoice, store
from invoicing.services.facts.invoice_facts import facts_of_months
from invoicing.services.facts.issuing_facts import as_json
from invoicing.services.issue_gate import decisions
from invoicing.services.issuing import Ready, issue, prepare
from invoicing.services.locking import lock_billing
from invoicing.services.prices.billed_months import lock_prices
from organisations import audit
from organisations.models import Organisation

logger = logging.getLogger(__name__)

Status = BillingRunItem.Status


def bill(claimed: Sequence[BillingRunItem]) -> None:
    """Draft and finalize months of one run whose items the caller has claimed. Whatever goes wrong ends on the item."""
    try:
        with _collecting_later():
            alone = _bill_together(claimed)
    except Exception as error:  # whatever it is: an item that is left claimed would be tried for ever
        if len(claimed) == 1:
            _fail(claimed[0], error)
            return
        logger.warning("billing one by one", extra={"items": len(claimed), "reason": failure_text(error)})
        alone = list(claimed)
    for each in alone:
        bill([each])


@contextmanager
def _collecting_later() -> Iterator[None]:
    """A chunk makes a hundred thousand objects and lets go of all of them at its end: looking for cycles among them
    meanwhile took a third of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _fail(claimed: BillingRunItem, error: Exception, *, invoice: Invoice | None = None) -> None:
    more: dict[str, Any] = {"invoice": invoice} if invoice is not None else {}
    if is_trouble_of_the_database(error):  # such as a deadlock: nothing was done
        reason = f"Interrupted, will be tried again: {error}"[:LONGEST_FAILURE]
        note_failure(claimed, error, reason=reason, **more)
    else:
        note_failure(claimed, error, final=True, reason=failure_text(error), finished_at=clock.now(), **more)


@dataclass(slots=True)
class _Month:
    """One organisation's month on its way through the chunk."""

    item: BillingRunItem
    usage_period: UsagePeriod
    draft: Draft
    decision: Decision
    refusal: DomainError | None = None  # why the month can't be closed yet
    failure: Exception | None = None
    ready: Ready | None = None

    @property
    def is_left_open(self) -> bool:
        """Usage that comes later still counts for it."""
        if self.refusal is not None or self.failure is not None or self.decision.step == IssueStep.WAIT:
            return True
        return self.decision.step != IssueStep.ISSUE and not self.draft.is_empty


@dataclass(slots=True)
class _Chunk:
    """Items that are locked, and those that have to be done alone."""

    items: dict[UUID, BillingRunItem]
    invoices: dict[UUID, Invoice] = field(default_factory=dict)
    alone: list[BillingRunItem] = field(default_factory=list)

    def put_off(self, organisation_ids: Iterable[UUID]) -> None:
        self.alone += [self.items.pop(pk) for pk in organisation_ids if pk in self.items]

    @property
    def organisations(self) -> list[Organisation]:
        return [item.organisation for item in self.items.values()]


@transaction.atomic
def _bill_together(claimed: Sequence[BillingRunItem]) -> list[BillingRunItem]:
    """The items that are left to be done alone."""
    chunk = _Chunk(_lock(claimed))
    wait = len(claimed) == 1
    period = claimed[0].run.period
    _lock_invoices(chunk, period, wait=wait)
    if chunk.items:
        lock_billing(*chunk.organisations)
        _put_off_new_invoices(chunk, period)
        usage_periods = lock_periods(chunk.organisations, period.start, wait=wait)
        chunk.put_off(chunk.items.keys() - usage_periods.keys())
        lock_prices(to_change_them=False)
        months = _compute(chunk, usage_periods, period)
        _store(months)
        close_locked(month.usage_period for month in months if not month.is_left_open)
        issue([month.ready for month in months if month.ready is not None])
        _end(months)
    return chunk.alone


def _lock(claimed: Collection[BillingRunItem]) -> dict[UUID, BillingRunItem]:
    """By organisation, the items that have not ended, and whose claim is still ours."""
    claims = {each.pk: each.claimed_until for each in claimed}
    found = (
        BillingRunItem.objects.open()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("organisation__billing_entity", "run")
        .filter(pk__in=claims)
        .order_by("pk")
    )
    return {item.organisation_id: item for item in found if item.claimed_until == claims[item.pk]}


def _lock_invoices(chunk: _Chunk, period: BillingPeriod, *, wait: bool) -> None:
    """Live invoices of the month. A document ends the item: an operator was faster, or a crash came between."""
    known = set(_live(chunk.items, period).values_list("organisation_id", flat=True))
    rows = _live(known, period).select_for_update(skip_locked=not wait, of=("self",)).order_by("pk")
    chunk.invoices = {row.organisation_id: row for row in rows}
    chunk.put_off(known - chunk.invoices.keys())
    issued = {pk: row for pk, row in chunk.invoices.items() if not row.is_draft}
    _finish([_Ending(chunk.items.pop(pk), Status.DONE, row) for pk, row in issued.items()])


def _put_off_new_invoices(chunk: _Chunk, period: BillingPeriod) -> None:
    """Somebody drafted the month before we had the organisation's billing: that draft is not locked."""
    now = set(_live(chunk.items, period).values_list("organisation_id", flat=True))
    chunk.put_off(now - chunk.invoices.keys())


def _live(organisation_ids: Collection[UUID], period: BillingPeriod) -> InvoiceQuerySet:
    found: InvoiceQuerySet = Invoice.objects.billing()
    return found.filter(organisation__in=organisation_ids, period_start=period.start)


def _compute(chunk: _Chunk, usage_periods: Mapping[UUID, UsagePeriod], period: BillingPeriod) -> list[_Month]:
    """Every month as it is by now, with what becomes of it."""
    refused = refused_closings(chunk.organisations, usage_periods)
    facts = facts_of_months(chunk.organisations, period)
    computed = _computed(chunk, facts)
    for item in chunk.items.values():
        item.drafted_at = item.drafted_at or clock.now()
    organisations = {pk: item.organisation for pk, item in chunk.items.items()}
    decided = decisions(organisations, computed, period, items=chunk.items, invoices=chunk.invoices)
    months = []
    for pk, item in chunk.items.items():
        invoice, decision = chunk.invoices.get(pk) or month_invoice(item.organisation, period), decided[pk]
        invoice.organisation = item.organisation
        invoice.approval_needed = as_json(decision.reasons) if decision.step == IssueStep.APPROVE else []
        draft = Draft(invoice, facts[pk], computed[pk])
        refusal = None if decision.step == IssueStep.WAIT else refused.get(pk)  # what waits is not closed now
        months.append(_prepared(_Month(item, usage_periods[pk], draft, decision, refusal)))
    return months


def _computed(chunk: _Chunk, facts: Mapping[UUID, InvoiceFacts]) -> dict[UUID, Computed]:
    """A fault in one organisation's facts, such as a price that is none, ends its item and leaves the others."""
    computed = {}
    for pk, item in list(chunk.items.items()):
        try:
            computed[pk] = compute(facts[pk])
        except Exception as error:  # whatever wrong facts may throw
            _fail(chunk.items.pop(pk), error, invoice=item.invoice)
    return computed


def _prepared(month: _Month) -> _Month:
    if month.refusal is None and month.decision.step == IssueStep.ISSUE and not month.draft.is_empty:
        try:
            month.ready = prepare(month.draft)
        except Exception as error:  # noted, and ended with the others
            month.failure = error
    return month


def _store(months: Collection[_Month]) -> None:
    """Drafts of all that have something on them: also of those that are not issued, for people to look at."""
    for month in months:
        if month.draft.is_empty and not month.draft.invoice._state.adding:  # its usage was voided
            delete_draft(invoice_id=month.draft.invoice.pk)
    store([month.ready.frozen if month.ready else month.draft for month in months if not month.draft.is_empty])


def _end(months: Collection[_Month]) -> None:
    ended: list[_Ending] = []
    for month in months:
        invoice = None if month.draft.is_empty else month.draft.invoice
        trouble = month.failure or month.refusal
        if isinstance(trouble, UsageUnsettled):
            let_go(month.item, after=month.item.claim_lasts, reason=trouble.message, invoice=invoice)
        elif trouble is not None:
            _fail(month.item, trouble, invoice=invoice)
        else:
            ended.append(_Ending(month.item, _status(month), invoice, month.decision.reasons))
    _finish(ended)


def _status(month: _Month) -> str:
    if month.decision.step != IssueStep.ISSUE:
        return _NOT_ISSUED[month.decision.step]
    return Status.DONE if month.ready else Status.SKIPPED


_NOT_ISSUED = {IssueStep.WAIT: Status.DRAFTED, IssueStep.APPROVE: Status.APPROVAL, IssueStep.PARK: Status.PARKED}


class _Ending(NamedTuple):
    item: BillingRunItem
    status: str
    invoice: Invoice | None
    reasons: Sequence[AnyReason] = ()


_ENDED = ("status", "reason", "reasons", "invoice_id", "drafted_at", "finished_at", "next_attempt_at", "last_failure",
          "claimed_until", "updated_at")  # fmt: skip


def _finish(endings: Collection[_Ending]) -> None:
    before = [copy(each.item) for each in endings]
    now = clock.now()
    for item, status, invoice, reasons in endings:
        item.end()
        item.status, item.invoice, item.finished_at, item.updated_at = status, invoice, now, now
        item.reasons = as_json(reasons)
        told = " ".join(reason.sentence for reason in reasons)
        item.reason = told or ("Nothing to bill." if status == Status.SKIPPED else "")
    items = [each.item for each in endings]
    update_rows(BillingRunItem, _ENDED, [(item.pk, *(getattr(item, name) for name in _ENDED)) for item in items])
    audit.note_changed(zip(before, items, strict=True), _ENDED)
