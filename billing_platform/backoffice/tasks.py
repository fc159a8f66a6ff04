"""The jobs of the daily digest."""

from __future__ import annotations

from celery import shared_task

from billing_platform.backoffice import digest
from billing_platform.lib.work.waking import wake_each
from organisations.services.digest_choices import digest_readers


@shared_task
def send_digests() -> None:
    """Send a job for each operator who gets the daily digest: one that fails keeps nobody else's back."""
    wake_each("billing_platform.backoffice.tasks.send_digest", list(digest_readers().values_list("pk", flat=True)))


@shared_task
def send_digest(user_id: str) -> None:
    """Queue one operator's digest, once a day by its key."""
    digest.send_digest(user_id=int(user_id))
