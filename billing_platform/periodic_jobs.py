"""The one table of periodic jobs.

Times are UTC. `migrate` writes the table to django-celery-beat's tables, once per job. Afterwards operators change a
schedule in the admin, and later deployments keep the change.
"""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab, schedule
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

PERIODIC_JOBS: dict[str, tuple[str, crontab | schedule]] = {
    "Settle events": ("events.tasks.settle_pending", schedule(60)),
    "Judge alert rules": ("events.tasks.judge_alert_rules", schedule(15)),
    "Import usage from files": ("events.tasks.import_due_usage", schedule(10)),
    "Forget imported files": ("events.tasks.forget_imported_files", crontab(minute="30", hour="4")),
    "Create partitions": ("events.tasks.ensure_partitions", crontab(minute="15", hour="0")),
    "Verify the hot log": ("events.tasks.verify_hot_log", crontab(minute="30", hour="2")),  # what "Reconcile" left
    "Drop old partitions": ("events.tasks.drop_old_partitions", crontab(minute="0", hour="3")),
    "Generate invoices (1st of the month)": ("invoicing.tasks.generate_invoices", crontab("0", "2", day_of_month="1")),
    "Generate invoices (later time zones)": (
        "invoicing.tasks.generate_invoices",
        crontab(minute="0", hour="*", day_of_month="1-3"),
    ),
    "Sync exchange rates": ("invoicing.tasks.sync_exchange_rates", crontab(minute="0", hour="1")),
    "Fetch exchange rates again": ("invoicing.tasks.fetch_due_rates", schedule(300)),
    "Continue billing runs": ("invoicing.tasks.continue_billing_runs", schedule(60)),
    "Issue drafts that waited": ("invoicing.tasks.issue_due_drafts", schedule(60)),
    "Deliver issued invoices": ("invoicing.tasks.deliver_due_invoices", schedule(60)),
    "Deliver credit notes": ("invoicing.tasks.deliver_due_credit_notes", schedule(60)),
    "Go on with price simulations": ("invoicing.tasks.go_on_with_simulations", schedule(60)),
    "Forget old price simulations": ("invoicing.tasks.forget_simulations", crontab(minute="35", hour="4")),
    "Export GST returns": ("invoicing.tasks.export_due_returns", schedule(60)),
    "Fetch IRNs of e-invoices": ("invoicing.tasks.register_due_e_invoices", schedule(60)),
    "Look for e-invoices": ("invoicing.tasks.look_for_e_invoices", crontab(minute="20")),
    "Collect issued invoices": ("payments.tasks.start_collections", schedule(300)),
    "Send and follow refunds": ("payments.tasks.follow_refunds", schedule(60)),
    "Look for disputes": ("payments.tasks.look_for_disputes", crontab(minute="35")),
    "Retry failed payments": ("payments.tasks.retry_payments", crontab(minute="0", hour="*/6")),
    "Send reminders": ("payments.tasks.send_reminders", crontab(minute="0,30")),
    "Charge late fees": ("payments.tasks.charge_late_fees", crontab(minute="10", hour="1")),
    "Collect by mandates": ("payments.tasks.collect_by_mandates", schedule(60)),
    "Fetch payouts": ("payments.tasks.fetch_payouts", crontab(minute="10", hour="5")),
    "Advance test clocks": ("payments.tasks.advance_due_test_clocks", schedule(60)),
    "Process stored webhooks": ("payments.tasks.process_pending_webhooks", schedule(60)),
    "Reconcile": ("reconciliation.tasks.start_daily_run", crontab(minute="0", hour="2")),
    "State what was counted and issued": ("reconciliation.tasks.state_days", crontab(minute="0", hour="3")),
    "Go on with reconciliation": ("reconciliation.tasks.do_due_checks", schedule(60)),
    "Send pending e-mails": ("organisations.tasks.send_pending_notifications", schedule(60)),
    "Announce dead letters": ("events.tasks.announce_dead_letters", schedule(60)),
    "Announce overdue invoices": ("invoicing.tasks.announce_overdue", crontab(minute="50")),
    "Go on with bulk jobs": ("organisations.tasks.go_on_with_bulk_jobs", schedule(60)),
    "Send outgoing webhooks": ("organisations.tasks.send_webhooks", schedule(60)),
    "Forget old webhook messages": ("organisations.tasks.forget_webhooks", crontab(minute="25", hour="4")),
    "Forget stored API answers": ("organisations.tasks.forget_stored_answers", crontab(minute="45")),
    "Send the daily digest": ("billing_platform.backoffice.tasks.send_digests", crontab(minute="30", hour="3-4")),
    "Mail saved views": ("billing_platform.backoffice.tasks.mail_due_views", schedule(60)),
    "Heartbeat": ("billing_platform.tasks.heartbeat", schedule(10)),
}


def install_periodic_jobs(**_: Any) -> None:
    """Add the jobs that beat doesn't have yet. Existing jobs stay as operators changed them."""
    for name, (task, timing) in PERIODIC_JOBS.items():
        if not PeriodicTask.objects.filter(name=name).exists():
            PeriodicTask.objects.create(name=name, task=task, **_timing_fields(timing))


@transaction.atomic
def change_job(*, job: PeriodicTask) -> None:
    """Store when a job runs, or that it is off. Beat reads it within seconds. Raises ValidationError."""
    job.full_clean()
    job.save()


@transaction.atomic
def change_timing(*, timing: IntervalSchedule | CrontabSchedule) -> None:
    """Store an interval or a time of the calendar; the jobs that use it follow. Raises ValidationError."""
    timing.full_clean()
    timing.save()


def _timing_fields(timing: crontab | schedule) -> dict[str, Any]:
    kind, name = (CrontabSchedule, "crontab") if isinstance(timing, crontab) else (IntervalSchedule, "interval")
    row = kind.from_schedule(timing)
    if row._state.adding:
        row.save()
    return {name: row}
