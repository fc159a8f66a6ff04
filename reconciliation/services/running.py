"""Runs: begun for a window of days, and done check by check, day by day.

A check that is done by day notes after each day how far it is, so that a worker who takes it over goes on there. After
LONGEST it lets go of the rest, which the next worker takes: no job lasts as long as a window may.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, timedelta, timezone
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing_platform.lib import clock
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import FIRST_BUSINESS_DAY
from billing_platform.lib.work import claims
from billing_platform.lib.work.waking import wake_on_commit
from organisations.models import Organisation
from reconciliation.checks import CHECKS, Check
from reconciliation.emails import queue_late, queue_summary
from reconciliation.findings import Tally, Window
from reconciliation.models import CheckName, CheckRun, Run
from reconciliation.services.recording import close_gone, note_findings

MOST_DAYS = 400
LONGEST = timedelta(minutes=20)
MOST_READINGS = 5
"""Of one piece, while other readings of it dispute what came out."""
_FIRST_TO_BEGIN = timezone(timedelta(hours=14))
"""Where a day begins first on Earth: a seller's today may be tomorrow in UTC."""
Status = CheckRun.Status
OPEN = (Status.WAITING, Status.AT_WORK)


@transaction.atomic
def start_run(
    *,
    first_day: date,
    last_day: date,
    organisation: Organisation | None = None,
    checks: Iterable[str] = (),
    cause: str = Run.Cause.PERSON,
    asked_by: Any = None,
) -> Run:
    """Begin a run over some UTC days, both included; of all checks, unless some are named. A worker does the rest.

    Raises InvalidInput for days in the wrong order, in the future, or too many, and for a check that is not known.
    """
    _check_days(first_day, last_day)
    names = [_known(name) for name in checks] or list(CHECKS)
    run = Run(first_day=first_day, last_day=last_day, organisation=organisation, cause=cause, asked_by=asked_by)
    run.save()
    CheckRun.objects.bulk_create([CheckRun(run=run, check_name=name) for name in names])
    for check in run.checks.all():
        wake_on_commit("reconciliation.tasks.do_check", check.pk)
    return run


def failed_checks(run: Run) -> list[CheckRun]:
    return list(run.checks.filter(status=Status.FAILED).order_by("created_at", "check_name"))


@transaction.atomic
def run_again(*, run_id: UUID, asked_by: Any) -> Run:
    """The failed checks of a run, over the same days. Raises NotFound, and DomainError NOTHING_FAILED."""
    run = Run.objects.select_related("organisation").filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such run.")
    failed = failed_checks(run)
    if not failed:
        raise DomainError("None of its checks failed.", code="NOTHING_FAILED")
    return start_run(
        first_day=run.first_day,
        last_day=run.last_day,
        organisation=run.organisation,
        checks=[check.check_name for check in failed],
        asked_by=asked_by,
    )


@transaction.atomic
def start_daily_run() -> Run | None:
    """The run of the days since the last daily one, up to yesterday in UTC. None if it was begun already."""
    advisory_lock(LockSpace.DAILY_RECONCILIATION)
    yesterday = clock.now().astimezone(UTC).date() - timedelta(days=1)
    daily = Run.objects.filter(cause=Run.Cause.SCHEDULE)
    last = daily.order_by("-last_day").first()
    first = yesterday if last is None else max(last.last_day + timedelta(days=1), yesterday - timedelta(days=MOST_DAYS))
    if first > yesterday:
        return None
    return start_run(first_day=first, last_day=yesterday, cause=Run.Cause.SCHEDULE)


def due_checks() -> list[UUID]:
    return claims.due_ids(CheckRun.objects.all())


def end_runs() -> None:
    """End the runs whose checks have all ended: their last worker died before it did, or a check was given up."""
    at_work = CheckRun.objects.filter(run=OuterRef("pk"), status__in=OPEN)
    for run_id in Run.objects.filter(~Exists(at_work), finished_at__isnull=True).values_list("pk", flat=True):
        _end_run(run_id)


def tell_of_late_run() -> None:
    """Mail that the daily run is late, once a day."""
    late = Run.objects.late().order_by("-last_day").first()
    if late is not None:
        queue_late(late, today=clock.now().astimezone(UTC).date())


def do_check(*, check_id: UUID) -> bool:
    """Do a check of a run, or go on with it. False if there is nothing to do, or somebody is at it.

    Safe to do twice and to be killed: findings are known again by their names, and what is gone is closed only after a
    whole day was read.
    """
    check = claims.claim(CheckRun.objects.select_related("run"), check_id, early=True)
    if check is None:
        return False
    began = clock.now()
    pieces = pieces_of(check)
    try:
        for number, window in enumerate(pieces[check.pieces_done :], start=check.pieces_done + 1):
            if not _do_piece(check, window, number):
                return False
            if clock.now() - began > LONGEST and number < len(pieces):
                claims.let_go(check)
                wake_on_commit("reconciliation.tasks.do_check", check.pk)
                return True
    except Exception as error:
        claims.note_failure(check, error)
        _end_run(check.run_id)
        if isinstance(error, DomainError):
            return True
        raise
    claims.done(check, ended_at=clock.now())
    _end_run(check.run_id)
    return True


def _do_piece(check: CheckRun, window: Window, number: int) -> bool:
    """Read one piece, and note how far the check is. False if another worker has taken the check over.

    A piece whose outcome another reading disputes is read again at once: neither a finding nor its end is lost by that.
    """
    for again in reversed(range(MOST_READINGS)):
        reads_from, tally, how = clock.now(), Tally(), _how(check)
        noted = note_findings(how.find(window, tally), check_name=check.check_name, reads_from=reads_from)
        is_cut_short = tally.is_cut_short or noted.stored < noted.found
        with transaction.atomic():
            is_disputed = noted.is_disputed
            if not is_cut_short:
                is_disputed |= close_gone(
                    check_name=check.check_name, reads_from=reads_from, window=window, by_day=how.by_day
                )
            if again and is_disputed:
                continue
            return claims.note_progress(
                check,
                pieces_done=number,
                attempts=1,  # it gets on: however often workers are stopped, it is not given up
                reads_from=reads_from,
                compared=check.compared + tally.compared,
                found=check.found + noted.found,
                is_cut_short=check.is_cut_short or is_cut_short,
            )
    raise AssertionError("the last reading counts")


def pieces_of(check: CheckRun) -> list[Window]:
    """What a check is done in: days, or everything at once."""
    window, how = check.run.window, _how(check)
    if not how.by_day:
        return [window]
    again = how.days_again if check.run.cause == Run.Cause.SCHEDULE else 0
    alone = (window.first - timedelta(days=again), window.last)
    return [Window(day, day, window.organisation_id, alone) for day in Window(*alone).days]


def _how(check: CheckRun) -> Check:
    return CHECKS[CheckName(check.check_name)]


def _end_run(run_id: UUID) -> None:
    """Looked at after the check's own end is committed: of two that end at once, the later one sees both."""
    if CheckRun.objects.filter(run=run_id, status__in=OPEN).exists():
        return
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).filter(pk=run_id, finished_at__isnull=True).first()
        if run is None:
            return
        run.finished_at = clock.now()
        run.save(update_fields=["finished_at", "updated_at"])
        if run.cause == Run.Cause.SCHEDULE:
            queue_summary(run)


def _check_days(first: date, last: date) -> None:
    if last < first:
        raise InvalidInput.field("last_day", "The last day is before the first one.")
    if last > clock.now().astimezone(_FIRST_TO_BEGIN).date():
        raise InvalidInput.field("last_day", "The last day is in the future.")
    if first < FIRST_BUSINESS_DAY:
        raise InvalidInput.field("first_day", "There is nothing to compare before July 2017.")
    if (last - first).days >= MOST_DAYS:
        raise InvalidInput.field("first_day", f"A run covers at most {MOST_DAYS} days.")


def _known(name: str) -> CheckName:
    try:
        return CheckName(name)
    except ValueError:
        known = ", ".join(CHECKS)
        raise InvalidInput.field("checks", f"There is no such check. There are: {known}.") from None
