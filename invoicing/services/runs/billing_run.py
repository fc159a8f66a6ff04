"""The monthly run: one item per organisation, drafted and finalized in chunks, resumable at any point.

A worker claims a chunk of items for less than a minute and then holds their rows' locks while it works. A claim that
has ended on a row that nobody holds is that of a worker that died: the next worker takes the item over. The invoices
and the ends of their items are one transaction, so a crash leaves either both or neither, and no number is lost.
`billing_chunks` does the work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from copy import copy
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import update_rows
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import claim_all, hand_out
from billing_platform.lib.work.waking import wake_on_commit
from events.selectors.months import open_months, organisations_with_usage
from events.services.months import close_period
from invoicing.models import BillingRun, BillingRunItem
from invoicing.models.late_price import organisations_to_charge_late
from invoicing.selectors.terms import organisations_with_terms
from invoicing.services.drafting import delete_draft
from invoicing.services.facts.issuing_facts import grace_ends
from invoicing.services.runs.billing_chunks import bill
from organisations import audit
from organisations.models import BillingHold, Organisation, held

LOOK_BACK = timedelta(days=4)
"""How long after a month's end the schedule still starts its run; the schedule covers the 1st to the 3rd."""

CHUNK = 100
"""Items that a worker bills in one transaction. More make it hardly faster, and hold the counter of numbers longer."""

REOPENED = 500
"""Drafts that one transaction hands back to the run."""

Status = BillingRunItem.Status
RETRIABLE = (Status.FAILED, Status.DRAFTED, Status.APPROVAL, Status.PARKED, Status.VOIDED, Status.LEFT_UNBILLED)
_WITH_DRAFT = (Status.DRAFTED, Status.APPROVAL, Status.PARKED)
DISCARDABLE = (*_WITH_DRAFT, Status.FAILED)
"""What may have a draft, and at which no worker is or will be by itself within seconds."""
_BILLED_BY_A_START = (Status.PENDING, Status.CLAIMED, Status.FAILED, Status.VOIDED)


def due_periods(now: datetime) -> list[BillingPeriod]:
    """Months that ended within the last days for some active organisation, in its own time zone."""
    found = set()
    zones = Organisation.objects.real().filter(is_active=True).order_by().values_list("time_zone", flat=True).distinct()
    for zone in map(ZoneInfo, zones):
        ended = BillingPeriod.containing(now, zone).previous()
        if now - ended.bounds(zone)[1] < LOOK_BACK:
            found.add(ended)
    return sorted(found)


def left_open(now: datetime) -> dict[BillingPeriod, list[Organisation]]:
    """Months with usage that are over and that no run ever took up: of customers who came later and brought old usage,
    or when nothing was running in the days that a run is started in. Of the last month, also those with a fee or a
    minimum of their own; an earlier one is billed for these by hand."""
    last = BillingPeriod.of(now.date()).previous()
    owed = {(organisation_id, last.start) for organisation_id in organisations_with_terms(period=last)}
    months = sorted({*open_months(before=now.date()), *owed})
    items = BillingRunItem.objects.filter(run__period_start__in={month for _organisation_id, month in months})
    taken_up = set(items.values_list("organisation_id", "run__period_start"))
    left = [(organisation_id, month) for organisation_id, month in months if (organisation_id, month) not in taken_up]
    organisations = Organisation.objects.real().in_bulk({organisation_id for organisation_id, _month in left})
    found: defaultdict[BillingPeriod, list[Organisation]] = defaultdict(list)
    for organisation_id, month in left:
        period, organisation = BillingPeriod.of(month), organisations.get(organisation_id)
        if organisation is not None and period.bounds(organisation.zone)[1] <= now:
            found[period].append(organisation)
    return dict(sorted(found.items()))


@transaction.atomic
def start_billing_run(
    *,
    period: BillingPeriod,
    requested_by: str,
    organisations: Iterable[Organisation] | None = None,
    voided_too: bool = True,
) -> BillingRun:
    """Bill a month for every organisation whose month is over; or for some of them. Those that are inactive by now
    have it billed if they used something, or have a fee or a minimum of their own in it: who leaves in the middle of a
    month owes its beginning.

    A month has one run: starting it again adds organisations that are missing, tries failed ones again, bills those
    whose invoice was voided (unless `voided_too` is false: no schedule undoes what a person did), and leaves what is
    done alone. Raises DomainError PERIOD_NOT_OVER when the month is not over for any of them.
    """
    ready, _not_over = who_is_billed(period, organisations)
    if not ready:
        raise DomainError(f"{month_text(period)} is not over yet.", code="PERIOD_NOT_OVER")
    run, created = BillingRun.objects.get_or_create(
        period_start=period.start, defaults={"requested_by": requested_by[:200]}
    )
    known = set(run.items.values_list("organisation_id", flat=True))
    missing = [organisation for organisation in ready if organisation.pk not in known]
    BillingRunItem.objects.bulk_create(
        [BillingRunItem(run=run, organisation=organisation) for organisation in missing], ignore_conflicts=True
    )
    again = [Status.FAILED, Status.VOIDED] if voided_too else [Status.FAILED]
    ended = run.items.filter(organisation__in=ready, status__in=again)
    reopened = list(ended.order_by("pk").select_for_update(of=("self",)))  # in one order: two starts wait, not deadlock
    for item in reopened:
        _reopen(item)
    if (missing or reopened) and not created:
        run.requested_by = requested_by[:200]
        run.save(update_fields=["requested_by", "updated_at"])
    wake_on_commit("invoicing.tasks.hand_out_billing_run", run.pk)
    return run


def who_is_billed(
    period: BillingPeriod, organisations: Iterable[Organisation] | None = None
) -> tuple[tuple[Organisation, ...], tuple[tuple[Organisation, datetime], ...]]:
    """The organisations whose month is over, and those for whom it ends later, with that moment. Test customers
    are billed by their clocks."""
    owing = organisations_with_usage(period=period) | organisations_with_terms(period=period)
    owing |= organisations_to_charge_late(before=period.start)
    candidates = (
        Organisation.objects.real().select_related("billing_entity").filter(Q(is_active=True) | Q(pk__in=owing))
    )
    if organisations is not None:
        candidates = candidates.filter(pk__in=[organisation.pk for organisation in organisations])
    now = clock.now()
    ends = [(organisation, period.bounds(organisation.zone)[1]) for organisation in candidates]
    return tuple(each for each, end in ends if end <= now), tuple((each, end) for each, end in ends if end > now)


def left_to_do(*, period: BillingPeriod) -> tuple[Organisation, ...]:
    """Whom starting or continuing the month's run would bill."""
    ready, _not_over = who_is_billed(period)
    ended = BillingRunItem.objects.filter(run__period_start=period.start).exclude(status__in=_BILLED_BY_A_START)
    done = set(ended.values_list("organisation_id", flat=True))
    return tuple(organisation for organisation in ready if organisation.pk not in done)


@transaction.atomic
def retry_item(*, item_id: UUID) -> BillingRunItem:
    """Try an organisation again that failed, is parked, or whose draft waits; or bill one whose invoice was voided, or
    that was left unbilled.

    Raises DomainError ITEM_NOT_RETRIABLE for any other.
    """
    item: BillingRunItem = BillingRunItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if item.status not in RETRIABLE:
        raise DomainError(
            f"{item} can't be billed again: only what failed, waits as a draft, was voided or was left unbilled can.",
            code="ITEM_NOT_RETRIABLE",
        )
    _reopen(item)
    wake_on_commit("invoicing.tasks.process_billing_items", item_id)
    return item


@transaction.atomic
def leave_unbilled(*, item_id: UUID, reason: str) -> BillingRunItem:
    """A month whose invoice was voided, or that is parked or waits as a draft, is not to be billed: noted with the
    reason, and told of no more. The draft is thrown away.

    Raises InvalidInput without a reason, DomainError ITEM_NOT_VOIDED for any other item.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the month is not billed.")
    item: BillingRunItem = BillingRunItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if item.status not in (Status.VOIDED, *_WITH_DRAFT):
        raise DomainError(
            f"{item} can't be left unbilled: only what was voided, is parked or waits as a draft can.",
            code="ITEM_NOT_VOIDED",
        )
    if item.status in _WITH_DRAFT or item.invoice_id is None:
        _forget_draft(item)
    _finish(item, Status.LEFT_UNBILLED, reason)
    return item


@transaction.atomic
def discard_draft(*, item_id: UUID, reason: str) -> BillingRunItem:
    """Throw away what a run drafted for a customer. The month stays open and waits to be billed anew: by whoever
    continues the run or bills the customer again, never by the schedule.

    Raises InvalidInput without a reason, DomainError ITEM_HAS_NO_DRAFT where there is none (any more).
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the draft is thrown away.")
    item: BillingRunItem = BillingRunItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if item.status not in DISCARDABLE or item.invoice_id is None:
        raise DomainError(f"{item}: there is no draft to discard.", code="ITEM_HAS_NO_DRAFT")
    delete_draft(invoice_id=item.invoice_id)
    item.invoice, item.reasons = None, []
    _finish(item, Status.VOIDED, f"Its draft was discarded: {reason}")
    return item


def _forget_draft(item: BillingRunItem) -> None:
    """The month is closed: an open one that nobody looks at again would swallow what is reported late."""
    if item.invoice_id is not None:
        delete_draft(invoice_id=item.invoice_id)
        item.invoice, item.reasons = None, []
    close_period(organisation=item.organisation, period=item.run.period)


@transaction.atomic
def retry_failed(*, run_id: UUID) -> int:
    """Try again what failed in a run, and nothing else; the number of customers. The rest of the run stays as it is."""
    failed = BillingRunItem.objects.filter(run=run_id, status=Status.FAILED).order_by("pk")
    items = list(failed.select_for_update(of=("self",)))
    for item in items:
        _reopen(item)
    if items:
        BillingRun.objects.filter(pk=run_id).update(updated_at=clock.now())
        wake_on_commit("invoicing.tasks.hand_out_billing_run", run_id)
    return len(items)


def waiting_items(*, run_id: UUID) -> list[UUID]:
    """What a run's workers have to do: the page that starts the run need not wait for ten thousand of them."""
    return hand_out(BillingRunItem.objects.filter(run=run_id), limit=None)


def open_items(*, run_id: UUID) -> list[UUID]:
    """What is not ended in a run, waiting or at work."""
    return list(BillingRunItem.objects.filter(run=run_id).open().order_by("pk").values_list("pk", flat=True))


def at_work(*, run_id: UUID) -> bool:
    """Whether some worker has an item of the run in hand at this moment."""
    return BillingRunItem.objects.filter(run=run_id, claimed_until__gt=clock.now()).open().exists()


def _reopen(item: BillingRunItem) -> None:
    """Saved row by row: an update of many would leave no trace in the audit log. A month that is billed once more has
    its days of grace once more."""
    if item.status in (Status.VOIDED, Status.LEFT_UNBILLED):
        item.drafted_at = None
    item.reason, item.reasons, item.finished_at = "", [], None
    item.save(update_fields=["reason", "reasons", "drafted_at", "finished_at", *item.wait()])


def reopen_due_drafts() -> None:
    """Have workers issue the drafts whose days of grace are over by today's rules, and that no hold keeps back. Their
    items are open again, some hundred in each transaction: a job that dies has done a part, the next one does the
    rest."""
    due = _due_drafts()
    for start in range(0, len(due), REOPENED):
        _reopen_drafted(due[start : start + REOPENED])


@transaction.atomic
def _reopen_drafted(item_ids: Collection[UUID]) -> None:
    drafted = BillingRunItem.objects.select_for_update(skip_locked=True, of=("self",))
    items = list(drafted.filter(pk__in=item_ids, status=Status.DRAFTED).order_by("pk"))
    before = [copy(item) for item in items]
    for item in items:
        item.reason, item.reasons, item.finished_at = "", [], None
        item.wait()
    update_rows(BillingRunItem, _OPENED, [(item.pk, *(getattr(item, name) for name in _OPENED)) for item in items])
    audit.note_changed(zip(before, items, strict=True))


_OPENED = ("status", "reason", "reasons", "finished_at", "next_attempt_at", "last_failure", "claimed_until",
           "updated_at")  # fmt: skip


def _due_drafts() -> list[UUID]:
    now = clock.now()
    drafted = BillingRunItem.objects.filter(status=Status.DRAFTED).exclude(held(BillingHold.Kind.DRAFT_ONLY))
    found = []
    for item in drafted.select_related("organisation__billing_entity").iterator(chunk_size=1000):
        ends = grace_ends(item.organisation, item.drafted_at)
        if ends is None or ends <= now:
            found.append(item.pk)
    return found


def take_up_open_items() -> list[UUID]:
    """Items that wait for usage to settle, whose message was lost, or whose worker died."""
    return hand_out(BillingRunItem.objects.all())


def process_item(*, item_id: UUID) -> BillingRunItem:
    """`process_items` of one; the item as it is afterwards."""
    process_items(item_ids=[item_id])
    item: BillingRunItem = BillingRunItem.objects.select_related("invoice", "organisation", "run").get(pk=item_id)
    return item


def process_items(*, item_ids: Collection[UUID]) -> None:
    """Draft and finalize the months of some items, as far as nobody else is at them. Whatever goes wrong ends on the
    item, not in the worker."""
    claimed = claim_all(BillingRunItem.objects.select_related("run"), item_ids, early=True)
    by_run: defaultdict[UUID, list[BillingRunItem]] = defaultdict(list)
    for item in claimed:
        by_run[item.run_id].append(item)
    for items in by_run.values():
        bill(items)


def _finish(item: BillingRunItem, status: str, reason: str) -> None:
    fields = item.end()
    item.status, item.reason, item.finished_at = status, reason, clock.now()
    item.save(update_fields=["status", "reason", "reasons", "invoice", "finished_at", *fields])
