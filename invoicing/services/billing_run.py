"""The monthly run: one item per organisation, each drafted and finalized on its own, resumable at any point.

A worker claims an item for less than a minute and then holds its row's lock while it works. A claim that has ended on
a row that nobody holds is that of a worker that died: the next worker takes the item over. The invoice and the end of
its item are one transaction, so a crash leaves either both or neither, and no number is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.failures import is_trouble_of_the_database
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import LONGEST_FAILURE, claim, failure_text, hand_out, let_go, note_failure
from billing_platform.lib.work.waking import wake_on_commit
from events.errors import UsageUnsettled
from events.selectors.months import open_months, organisations_with_usage
from events.services.months import close_period
from invoicing.computing.safety_bounds import MonthDraft, OutOfBounds
from invoicing.errors import NothingToBill
from invoicing.models import BillingRun, BillingRunItem, Invoice
from invoicing.selectors.safety_bounds import out_of_bounds_of
from invoicing.selectors.terms import organisations_with_terms
from invoicing.services.drafting import Draft, delete_draft, draft_again, draft_month
from invoicing.services.issuing import finalize_invoice
from organisations.models import Organisation

LOOK_BACK = timedelta(days=4)
"""How long after a month's end the schedule still starts its run; the schedule covers the 1st to the 3rd."""

Status = BillingRunItem.Status
RETRIABLE = (Status.FAILED, Status.PARKED, Status.VOIDED, Status.LEFT_UNBILLED)
_BILLED_BY_A_START = (Status.PENDING, Status.CLAIMED, Status.FAILED, Status.VOIDED)


def due_periods(now: datetime) -> list[BillingPeriod]:
    """Months that ended within the last days for some active organisation, in its own time zone."""
    found = set()
    zones = Organisation.objects.filter(is_active=True).order_by().values_list("time_zone", flat=True).distinct()
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
    organisations = Organisation.objects.in_bulk({organisation_id for organisation_id, _month in left})
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
    """The organisations whose month is over, and those for whom it ends later, with that moment."""
    owing = organisations_with_usage(period=period) | organisations_with_terms(period=period)
    candidates = Organisation.objects.select_related("billing_entity").filter(Q(is_active=True) | Q(pk__in=owing))
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
    """Try a failed or parked organisation again, or bill one whose invoice was voided, or that was left unbilled.

    Raises DomainError ITEM_NOT_RETRIABLE for any other.
    """
    item: BillingRunItem = BillingRunItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if item.status not in RETRIABLE:
        raise DomainError(
            f"{item} can't be billed again: only what failed, is parked, was voided or was left unbilled can.",
            code="ITEM_NOT_RETRIABLE",
        )
    _reopen(item)
    wake_on_commit("invoicing.tasks.process_billing_item", item_id)
    return item


@transaction.atomic
def leave_unbilled(*, item_id: UUID, reason: str) -> BillingRunItem:
    """A month whose invoice was voided, or that is parked, is not to be billed: noted with the reason, and told of no
    more. The draft of a parked month is thrown away.

    Raises InvalidInput without a reason, DomainError ITEM_NOT_VOIDED for any other item.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the month is not billed.")
    item: BillingRunItem = BillingRunItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if item.status not in (Status.VOIDED, Status.PARKED):
        raise DomainError(
            f"{item} can't be left unbilled: only what was voided or is parked can.", code="ITEM_NOT_VOIDED"
        )
    if item.status == Status.PARKED:
        _forget_draft(item)
    _finish(item, Status.LEFT_UNBILLED, reason)
    return item


def _forget_draft(item: BillingRunItem) -> None:
    """The month is closed: an open one that nobody looks at again would swallow what is reported late."""
    if item.invoice_id is not None:
        delete_draft(invoice_id=item.invoice_id)
        item.invoice = None
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
    """What a run's workers have to do: ten thousand messages, which the page that starts the run need not wait for."""
    return hand_out(BillingRunItem.objects.filter(run=run_id), limit=None)


def _reopen(item: BillingRunItem) -> None:
    """Saved row by row: an update of many would leave no trace in the audit log."""
    item.reason, item.reasons, item.finished_at = "", [], None
    item.save(update_fields=["reason", "reasons", "finished_at", *item.wait()])


def take_up_open_items() -> list[UUID]:
    """Items that wait for usage to settle, whose message was lost, or whose worker died: for one message each."""
    return hand_out(BillingRunItem.objects.all())


def process_item(*, item_id: UUID) -> BillingRunItem:
    """Draft and finalize one organisation's month. Whatever goes wrong ends on the item, not in the worker."""
    claimed = claim(BillingRunItem.objects.all(), item_id, early=True)
    if claimed is not None:
        try:
            _work(claimed)
        except UsageUnsettled as error:
            let_go(claimed, after=claimed.claim_lasts, reason=error.message)
        except Exception as error:
            if is_trouble_of_the_database(error):  # such as a deadlock: nothing was done
                note_failure(claimed, error, reason=f"Interrupted, will be tried again: {error}"[:LONGEST_FAILURE])
            else:
                _fail(claimed, error)
    item: BillingRunItem = BillingRunItem.objects.select_related("invoice", "organisation", "run").get(pk=item_id)
    return item


def _fail(claimed: BillingRunItem, error: Exception) -> None:
    note_failure(claimed, error, final=True, reason=failure_text(error), finished_at=clock.now())


def _work(claimed: BillingRunItem) -> None:
    draft = _draft(claimed)
    if draft is not None:
        _finalize(claimed, draft)


@transaction.atomic
def _draft(claimed: BillingRunItem) -> Draft | None:
    """The month's draft, stored; None when the item has ended with this, or is in another worker's hands."""
    item = _lock(claimed)
    if item is None:
        return None
    existing, draft = _live_invoice(item), None
    if existing is not None and not existing.is_draft:  # an operator was faster, or a crash came between
        item.invoice = existing
        _finish(item, Status.DONE, "")
        return None
    if existing is not None:
        draft = draft_again(invoice_id=existing.pk)  # prices may have come since
        if draft.is_empty:  # or its usage was voided
            delete_draft(invoice_id=existing.pk)
            draft = None
    if draft is None:
        draft = _new_draft(item)
    if draft is None:
        # an open month that nobody looks at again would swallow what is reported late: closed, the next one bills it
        close_period(organisation=item.organisation, period=item.run.period)
        draft = _new_draft(item)  # what was settled before the closing is still this month's
    if draft is None:
        item.invoice = None  # of a void one, if any
        if reasons := _out_of_bounds(item, None):
            _park(item, reasons)
            return None
        _finish(item, Status.SKIPPED, "Nothing to bill.")
        return None
    item.invoice = draft.invoice
    item.save(update_fields=["invoice", *item.renew()])  # drafting may have taken longer than the claim
    claimed.claimed_until = item.claimed_until
    return draft


def _new_draft(item: BillingRunItem) -> Draft | None:
    try:
        return draft_month(organisation=item.organisation, period=item.run.period)
    except NothingToBill:
        return None


@transaction.atomic
def _finalize(claimed: BillingRunItem, draft: Draft) -> None:
    item = _lock(claimed)
    if item is None:
        return
    if reasons := _out_of_bounds(item, draft):
        _park(item, reasons)
        return
    finalize_invoice(invoice_id=draft.invoice.pk, drafted=draft)
    _finish(item, Status.DONE, "")


def _out_of_bounds(item: BillingRunItem, draft: Draft | None) -> tuple[OutOfBounds, ...]:
    """Why a person should look at the month first; of a month in which nothing was used too."""
    organisation, period = item.organisation, item.run.period
    month = MonthDraft(period.start, organisation.currency, ZERO, 0)
    if draft is not None:
        remarks = tuple(warning.message for warning in draft.computed.warnings)
        computed = draft.computed
        month = MonthDraft(period.start, computed.currency, computed.totals.total, len(computed.lines), remarks)
    return out_of_bounds_of([organisation], {organisation.pk: month}, period=period).get(organisation.pk, ())


def _park(item: BillingRunItem, reasons: Sequence[OutOfBounds]) -> None:
    item.reasons = [{"code": reason.code.value, "message": reason.sentence} for reason in reasons]
    _finish(item, Status.PARKED, " ".join(reason.sentence for reason in reasons))


def _live_invoice(item: BillingRunItem) -> Invoice | None:
    found: Invoice | None = (
        Invoice.objects.live().filter(organisation=item.organisation, period_start=item.run.period_start).first()
    )
    return found


def _lock(claimed: BillingRunItem) -> BillingRunItem | None:
    """The item, unless it has ended, or its claim is no longer ours."""
    found: BillingRunItem | None = (
        BillingRunItem.objects.open()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("organisation__billing_entity", "run")
        .filter(pk=claimed.pk, claimed_until=claimed.claimed_until)
        .first()
    )
    return found


def _finish(item: BillingRunItem, status: str, reason: str) -> None:
    fields = item.end()
    item.status, item.reason, item.finished_at = status, reason, clock.now()
    item.save(update_fields=["status", "reason", "reasons", "invoice", "finished_at", *fields])
