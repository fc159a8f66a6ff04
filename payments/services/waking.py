"""Ask a worker to look now. By name, since tasks import the services; a lost wake-up is made good by beat's sweeps."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake_on_commit(task: str, object_id: UUID) -> None:
    transaction.on_commit(partial(wake, task, object_id), robust=True)


def wake(task: str, object_id: UUID) -> None:
    """A broker that is down delays the work; it must not undo what was just committed."""
    try:
        current_app.send_task(task, [str(object_id)])
    except OperationalError as error:
        logger.warning("worker not woken", extra={"task": task, "object": str(object_id), "reason": str(error)})
