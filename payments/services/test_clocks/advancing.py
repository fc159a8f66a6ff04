"""Advance a test customer's clock: note where to, then live through every moment on the way, one after the other.

Nothing else does anything by itself for a test customer: each sweep leaves them out. A job that dies leaves the clock
at the last moment whose work is done. The next job goes on with the moment after it, and does again what the dead one
had begun: months, reminders and fees each stand once in the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.work.claims import claim, done, due_ids, let_go, note_failure, note_progress
from billing_platform.lib.work.waking import wake_on_commit, waking_nobody
from events.selectors.backlog import unsettled_batches
from events.services.settling import chunks
from organisations.models import Organisation, TestClock
from organisations.models.test_clock import ClockStatus
from payments.services.test_clocks.living import live_through, months_to_bill, take_back_claims

LONGEST = timedelta(days=62)
"""Two months: the most that a clock is advanced at once."""
EARLY, AT_DAY = time(6), time(10)
"""Of the customer's day: months are billed in the morning, and reminders go out by day."""
_SOON = timedelta(seconds=10)

TASK = "payments.tasks.advance_test_clock"


@transaction.atomic
def advance(*, organisation: Organisation, to: datetime, by: str) -> TestClock:
    """Have a test customer's clock advanced to a later moment; a worker does it. Raises InvalidInput at `to`, and
    DomainError NOT_A_TEST_CUSTOMER, CUSTOMER_INACTIVE, CLOCK_ADVANCING or CLOCK_FAILED."""
    row = _locked(organisation)
    _check_movable(row)
    if to <= row.now:
        shown = time_text(row.now, organisation.zone)
        raise InvalidInput.field("to", f"The clock shows {shown} and only goes forward: choose a later time.")
    if to > row.now + LONGEST:
        latest = time_text(row.now + LONGEST, organisation.zone)
        raise InvalidInput.field("to", f"At most two months at once: until {latest}.")
    row.moved_from, row.advance_to, row.moved_by = row.now, to, by[:200]
    row.save(update_fields=["moved_from", "advance_to", "moved_by", *row.try_now()])
    wake_on_commit(TASK, row.pk)
    return row


@transaction.atomic
def try_again(*, organisation: Organisation) -> TestClock:
    """Go on with an advance that failed. Raises DomainError CLOCK_NOT_FAILED."""
    row = _locked(organisation)
    if row.status != ClockStatus.FAILED:
        raise DomainError("The clock has not failed: there is nothing to try again.", code="CLOCK_NOT_FAILED")
    row.save(update_fields=row.try_now())
    wake_on_commit(TASK, row.pk)
    return row


def clock_of(organisation: Organisation) -> TestClock:
    """Raises DomainError NOT_A_TEST_CUSTOMER."""
    row: TestClock | None = TestClock.objects.select_related("organisation").filter(organisation=organisation).first()
    if row is None:
        raise DomainError(f"{organisation} is no test customer.", code="NOT_A_TEST_CUSTOMER")
    return row


def due_clocks() -> list[UUID]:
    """Clocks whose message was lost, whose worker died, or that are to be tried again."""
    return due_ids(TestClock.objects.all())


def go_on(*, clock_id: UUID) -> None:
    """Live through the moments up to where the clock is to be. Call it outside transactions; safe to repeat, and at
    once: one worker has a clock to itself."""
    rows = TestClock.objects.select_related("organisation__billing_entity")
    row = claim(rows, clock_id, early=True)
    if row is None:
        return
    try:
        if row.advance_to is not None:
            _live_on(row, row.advance_to)
    except DomainError as error:  # something that a person has to see to, such as a tax rate that is missing
        note_failure(row, error, final=True)
    except Exception as error:  # whatever it is: a clock that is left claimed would look as if it went
        note_failure(row, error)


def _live_on(row: TestClock, until: datetime) -> None:
    take_back_claims(row.organisation)
    for moment in moments(row.now, until, row.organisation.zone):
        if months_to_bill(row, moment) and not _is_settled(row.organisation):
            let_go(row, after=_SOON)
            return
        with clock.standing_at(moment), waking_nobody():
            live_through(row, moment)
        if not note_progress(row, now=moment):
            return  # another worker has taken over
    done(row)


def moments(after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """What is lived through: two moments of each of the customer's days, and the last one."""
    day = after.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        for hour in (EARLY, AT_DAY):
            moment = datetime.combine(day, hour, zone)
            if after < moment < until:
                yield moment
        day += timedelta(days=1)
    if after < until:
        yield until


def _is_settled(organisation: Organisation) -> bool:
    """Whether all its usage is counted; what waits is settled here. Raises DomainError for what can't be settled."""
    if not unsettled_batches(organisation=organisation):
        return True
    report = chunks.settle_pending()
    left = unsettled_batches(organisation=organisation)
    if left and not report.batches:
        raise DomainError(f"{left} accepted requests can't be counted: see to them first.", code="USAGE_UNSETTLED")
    return not left


def _locked(organisation: Organisation) -> TestClock:
    clock_of(organisation)
    row: TestClock | None = TestClock.objects.select_for_update().filter(organisation=organisation).first()
    if row is None:
        raise NotFound("There is no such test clock.")
    return row


def _check_movable(row: TestClock) -> None:
    if not row.organisation.is_active:
        raise DomainError(f"{row.organisation} is not active: its clock stands.", code="CUSTOMER_INACTIVE")
    if row.status == ClockStatus.ADVANCING:
        raise DomainError("The clock is advancing: wait until it is there.", code="CLOCK_ADVANCING")
    if row.status == ClockStatus.FAILED:
        raise DomainError("The clock stopped on its way: see to that, and try again first.", code="CLOCK_FAILED")
