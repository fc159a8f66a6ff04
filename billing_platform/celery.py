"""The Celery application and the one table of periodic jobs.

Times are UTC. `migrate` writes the table to django-celery-beat's tables, once per job. Afterwards operators change a
schedule in the admin, and later deployments keep the change.
"""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab, schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_platform.settings")

app = Celery("billing_platform", task_cls="billing_platform.lib.work.tasks:BaseTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

PERIODIC_JOBS: dict[str, tuple[str, crontab | schedule]] = {
    "Settle events": ("events.tasks.settle_pending", schedule(60)),
    "Create partitions": ("events.tasks.ensure_partitions", crontab(minute="15", hour="0")),
    "Verify the hot log": ("events.tasks.verify_hot_log", crontab(minute="0", hour="2")),
    "Drop old partitions": ("events.tasks.drop_old_partitions", crontab(minute="0", hour="3")),
    "Generate invoices (1st of the month)": ("invoicing.tasks.generate_invoices", crontab("0", "2", day_of_month="1")),
    "Generate invoices (later time zones)": (
        "invoicing.tasks.generate_invoices",
        crontab(minute="0", hour="*", day_of_month="1-3"),
    ),
    "Continue billing runs": ("invoicing.tasks.continue_billing_runs", schedule(60)),
    "Deliver issued invoices": ("invoicing.tasks.deliver_due_invoices", schedule(60)),
    "Collect issued invoices": ("payments.tasks.start_collections", schedule(300)),
    "Process stored webhooks": ("payments.tasks.process_pending_webhooks", schedule(60)),
    "Send pending e-mails": ("organisations.tasks.send_pending_notifications", schedule(60)),
    "Forget stored API answers": ("organisations.tasks.forget_stored_answers", crontab(minute="45")),
    "Heartbeat": ("billing_platform.tasks.heartbeat", schedule(10)),
}
