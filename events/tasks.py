"""Jobs of the events app: settle what was accepted, judge alert rules, keep partitions ahead, verify and drop what is
behind."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from celery import shared_task

from billing_platform.lib.work.waking import RareWaking, wake, wake_each
from events.services import announcing, importing, partitions
from events.services.alerting import judging
from events.services.proof import retention, verifying
from events.services.settling import chunks

settling = RareWaking("events.tasks.settle_pending")


@shared_task(name="events.tasks.settle_pending")
def settle_pending() -> dict[str, int]:
    """Settle until nothing is pending, or for 25 seconds: the next run takes what is left."""
    settling.started()
    report = chunks.settle_pending(last_look_after=settling.LAST_LOOK_SECONDS)
    if report.organisations:
        judging.note_usage(organisations=report.organisations)
    if report.unfinished:
        settling.wake()
    return {"batches": report.batches, "counted": report.counted, "duplicates": report.duplicates}


@shared_task(name="events.tasks.ensure_partitions")
def ensure_partitions() -> list[str]:
    return partitions.ensure_partitions()


@shared_task(name="events.tasks.verify_hot_log")
def verify_hot_log() -> list[str]:
    """Each day that is over and not verified: a job of its own, since a busy day takes minutes."""
    days = [day.isoformat() for day in verifying.days_to_verify()]
    for day in days:
        verify_hot_log_day.delay(day)
    return days


@shared_task(name="events.tasks.verify_hot_log_day")
def verify_hot_log_day(day: str, verified_by: str = "schedule") -> str:
    """The reason why the day is not verified, or nothing."""
    return verifying.verify_day(day=date.fromisoformat(day), verified_by=verified_by).reason


@shared_task(name="events.tasks.drop_old_partitions")
def drop_old_partitions() -> dict[str, str]:
    """By day: why it was not dropped, or empty if it was."""
    return {str(outcome.day): outcome.retained_because for outcome in retention.drop_old_partitions()}


@shared_task(name="events.tasks.announce_dead_letters")
def announce_dead_letters() -> int:
    """Tell outgoing webhooks of projects with new dead letters. Returns how many projects."""
    return announcing.announce_dead_letters()


@shared_task(name="events.tasks.judge_alert_rules")
def judge_alert_rules() -> int:
    """Each rule once an hour, and soon after usage of its customer was settled."""
    return judging.judge_due()


@shared_task(name="events.tasks.import_usage")
def import_usage(import_id: str) -> None:
    """Go on with one file of usage, for ten minutes at most: the next run takes what is left."""
    unfinished = importing.process_import(import_id=UUID(import_id))
    settling.wake()
    if unfinished:
        wake(importing.IMPORT_USAGE, import_id)


@shared_task(name="events.tasks.import_due_usage")
def import_due_usage() -> int:
    """Files whose worker died or failed, and those whose rows may be counted by now. Returns how many."""
    found = importing.due_imports()
    wake_each(importing.IMPORT_USAGE, found)
    return len(found)


@shared_task(name="events.tasks.forget_imported_files")
def forget_imported_files() -> int:
    return importing.forget_files()
