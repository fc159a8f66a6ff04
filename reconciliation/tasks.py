"""Jobs of reconciliation. Each may run twice and at once: a check is claimed by whoever does it."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from reconciliation.services import running, stating


@shared_task(name="reconciliation.tasks.start_daily_run")
def start_daily_run() -> str:
    """The days since the last daily run, up to yesterday."""
    run = running.start_daily_run()
    return str(run.pk) if run else ""


@shared_task(name="reconciliation.tasks.do_due_checks")
def do_due_checks() -> None:
    """The sweep: checks whose message was lost, whose worker died, or that are to be tried again; runs that
    nobody ended; and a daily run that is late."""
    running.end_runs()
    running.tell_of_late_run()
    for check_id in running.due_checks():
        do_check.delay(str(check_id))


@shared_task(name="reconciliation.tasks.do_check")
def do_check(check_id: str) -> bool:
    return running.do_check(check_id=UUID(check_id))


@shared_task(name="reconciliation.tasks.state_days")
def state_days() -> int:
    """The statements of the days since the last one. A day that was begun and not finished is begun anew."""
    return len(stating.state_days())
