"""Correct what was counted: the event stays in the ledger, a reversal cancels it, a replacement may follow.

A correction's entries have the times and the position of the entry that they cancel: of two values that happened at
once, the one that came last is still the latest after both were corrected. UsageCorrection says who corrected what,
when and why.

Two corrections of one event wait for each other at the event's row in the ledger. After that, locks are taken in the
order that settling/chunks.py describes. The DEDUP lock is taken exclusively: while a correction holds it, no chunk is
settled, so that maximum and latest can be worked out again from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.utils import OperationalError

from billing_platform.lib.database.failures import lock_was_not_granted
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.database.sql import query
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import QUANTITY_PLACES
from billing_platform.lib.number_formats import NumberError, parse_decimal, short_text
from events.models import Metric, UsageCorrection, UsageEvent
from events.selectors.entries import current_entry, entry_id
from events.selectors.status import event_status
from events.services.aggregates.correcting import fold_correction
from events.services.bulk_report import BulkReport
from events.services.counting_days import today_counted
from events.services.months import lock_months
from organisations import audit
from organisations.models import Organisation, Project

Action = UsageCorrection.Action
Kind = UsageEvent.Kind

LOCK_TIMEOUT = "5s"
"""While a correction waits for its month, no chunk is settled."""

_INSERT_ENTRIES = query(__file__, "insert_correction_entries")


def correct_usage(
    *,
    organisation: Organisation,
    project: Project,
    event_id: str,
    action: str,
    quantity: Decimal | None = None,
    reason: str,
    by: str,
    received_month: date | None = None,
) -> UsageCorrection:
    """Void a counted event, or give it another quantity: in its billing month, or in the next open one.

    Raises InvalidInput; NotFound; DomainError EVENT_PENDING, EVENT_DEAD_LETTERED, EVENT_AMBIGUOUS (the id was counted
    in several months of receipt: say which), EVENT_VOIDED, QUANTITY_UNCHANGED, BUSY or UNAVAILABLE
    (too much waits to be counted to find out whether the event does).
    """
    quantity = _checked(action, quantity, reason)
    request = _Request(organisation, project, event_id, received_month, quantity, reason.strip(), by)
    try:
        return _correct(request)
    except OperationalError as error:
        if not lock_was_not_granted(error):
            raise
        raise DomainError(
            "The month is being rebuilt or invoiced just now, or settling is busy. Try again in a minute.", code="BUSY"
        ) from None


def void_usage(*, events: Iterable[UsageEvent], reason: str, by: str) -> BulkReport:
    """Void each of these events in a transaction of its own. The report says why the others were not voided."""
    report = BulkReport()
    for event in events:
        try:
            correct_usage(
                organisation=event.organisation,
                project=event.project,
                event_id=event.event_id,
                action=Action.VOID,
                reason=reason,
                by=by,
                received_month=event.received_month,
            )
        except DomainError as error:
            report.left[error.message] += 1
        else:
            report.done += 1
    return report


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked for. Without a quantity the event is voided."""

    organisation: Organisation
    project: Project
    event_id: str
    received_month: date | None
    quantity: Decimal | None
    reason: str
    by: str


def _checked(action: str, quantity: Decimal | None, reason: str) -> Decimal | None:
    if not reason.strip():
        raise InvalidInput.field("reason", "Say why: the reason is stored for ever.")
    if action == Action.VOID:
        if quantity is not None:
            raise InvalidInput.field("metric_value", "A void takes no value: leave it out.")
        return None
    if action != Action.CORRECT:
        raise InvalidInput.field("action", "Choose void or correct.")
    if quantity is None:
        raise InvalidInput.field("metric_value", "Say which value is right.")
    try:
        exact = parse_decimal(quantity, places=QUANTITY_PLACES)
    except NumberError as error:
        raise InvalidInput.field("metric_value", str(error)) from None
    if exact < 0:
        raise InvalidInput.field("metric_value", "The value must not be negative.")
    return exact


@transaction.atomic
def _correct(request: _Request) -> UsageCorrection:
    event = _locked_event(request)
    entry = current_entry(event)
    if entry is None:
        raise DomainError(f"The event {event.event_id} is void already.", code="EVENT_VOIDED")
    if entry.quantity == request.quantity:
        raise DomainError(
            f"The event {event.event_id} counts {_text(entry.quantity)} already: there is nothing to correct.",
            code="QUANTITY_UNCHANGED",
        )
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    advisory_lock(LockSpace.DEDUP)
    place = (event.organisation_id, entry.counted_in)
    if event.metric.aggregation == Metric.Aggregation.WEIGHTED_SUM:
        counted_in = lock_months(levels=[place]).levels[place]
    else:
        counted_in = lock_months(usage=[place]).usage[place]
    correction = _write_correction(request, event, entry, counted_in=counted_in)
    _write_entries(correction)
    fold_correction(correction)
    audit.note(event, reason=request.reason, quantity=(_text(entry.quantity), _text(request.quantity)))
    return correction


def _text(quantity: Decimal | None) -> str:
    return "void" if quantity is None else short_text(quantity)


def _locked_event(request: _Request) -> UsageEvent:
    """The one counted event that is meant, locked against other corrections of it."""
    counted = (
        UsageEvent.objects.select_for_update()
        .filter(organisation=request.organisation, project=request.project, event_id=request.event_id, kind=Kind.USAGE)
        .order_by("received_month")
    )
    events: list[UsageEvent] = list(counted)
    if not events:
        raise _not_counted(request)
    wanted = [event for event in events if request.received_month in (None, event.received_month)]
    if len(wanted) == 1:
        return wanted[0]
    received = " and ".join(month_text(event.received_month) for event in events)
    if not wanted and request.received_month:
        raise NotFound(f"This event was received in {received}, not in {month_text(request.received_month)}.")
    raise DomainError(
        f"The event {request.event_id} was counted more than once: it was received in {received}. "
        "Say in received_month which one is meant.",
        code="EVENT_AMBIGUOUS",
        details={"received_months": [f"{event.received_month:%Y-%m}" for event in events]},
    )


def _not_counted(request: _Request) -> DomainError:
    status = event_status(project=request.project, event_id=request.event_id)
    if status is None:
        return NotFound("This project has sent no event of that id.")
    if status.status == "dead_lettered":
        return DomainError(
            "This event was never counted: it is a dead letter. Edit and replay it there, or discard it.",
            code="EVENT_DEAD_LETTERED",
        )
    return DomainError(
        "This event is accepted but not counted yet. Try again when it is settled.", code="EVENT_PENDING"
    )


def _write_correction(request: _Request, event: UsageEvent, entry: UsageEvent, *, counted_in: date) -> UsageCorrection:
    correction: UsageCorrection = UsageCorrection.objects.create(
        organisation_id=event.organisation_id,
        project_id=event.project_id,
        metric_id=event.metric_id,
        event_id=event.event_id,
        received_month=event.received_month,
        action=Action.VOID if request.quantity is None else Action.CORRECT,
        quantity_before=entry.quantity,
        quantity_after=request.quantity,
        hour=event.hour,
        counted_in=counted_in,
        is_late=entry.is_late or counted_in != entry.counted_in,
        cancelled_event_id=entry.event_id,
        cancelled_received_month=entry.received_month,
        reason=request.reason,
        created_by=request.by,
    )
    return correction


def _write_entries(correction: UsageCorrection) -> None:
    entries = list(_entries(correction))
    parameters: dict[str, Any] = {
        "counted_in": correction.counted_in,
        "counted_on": today_counted(),
        "is_late": correction.is_late,
        "correction_id": correction.pk,
        "event_ids": [entry_id(correction.pk, kind) for kind, _quantity in entries],
        "kinds": [str(kind) for kind, _quantity in entries],
        "quantities": [quantity for _kind, quantity in entries],
        "organisation_id": correction.organisation_id,
        "project_id": correction.project_id,
        "cancelled_event_id": correction.cancelled_event_id,
        "cancelled_received_month": correction.cancelled_received_month,
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_ENTRIES, parameters)


def _entries(correction: UsageCorrection) -> Iterator[tuple[UsageEvent.Kind, Decimal]]:
    yield Kind.REVERSAL, -correction.quantity_before
    if correction.quantity_after is not None:
        yield Kind.REPLACEMENT, correction.quantity_after
