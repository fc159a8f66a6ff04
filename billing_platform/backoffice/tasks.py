"""The jobs of the daily digest, and of lists by e-mail."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from billing_platform.backoffice import digest, mailed_views
from billing_platform.lib.work.waking import wake_each
from organisations.services.digest_choices import digest_readers
from organisations.services.mailed_views import TASK, due_mailed_views


@shared_task
def send_digests() -> None:
    """Send a job for each operator who gets the daily digest: one that fails keeps nobody else's back."""
    wake_each("billing_platform.backoffice.tasks.send_digest", list(digest_readers().values_list("pk", flat=True)))


@shared_task
def send_digest(user_id: str) -> None:
    """Queue one operator's digest, once a day by its key."""
    digest.send_digest(user_id=int(user_id))


@shared_task
def mail_due_views() -> None:
    """Send a job for each saved view that is to be mailed now."""
    wake_each(TASK, due_mailed_views())


@shared_task
def mail_view(mailed_id: str) -> None:
    """Queue the e-mail of one saved view, once for each of its days."""
    mailed_views.mail_view(mailed_id=UUID(mailed_id))
