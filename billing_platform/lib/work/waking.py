"""Tell a worker that there is work, as soon as the row that says so is committed.

A task is named by its full name, because tasks import services and not the other way round. A message that is lost
loses nothing: the row still says that it is due, and a sweep finds it within a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake_on_commit(task: str, *arguments: object) -> None:
    """Send the task once the surrounding transaction has committed; a rollback sends nothing.

    `arguments` (ids, mostly) are sent as text.
    """
    transaction.on_commit(partial(wake, task, *arguments), robust=True)


def wake_each(task: str, rows: Sequence[object]) -> None:
    """Send the task now for each of these rows. Many are one message, which a worker takes apart."""
    if len(rows) > 1:
        wake(FAN_OUT, task, *rows)
    elif rows:
        wake(task, rows[0])


FAN_OUT = "billing_platform.tasks.fan_out"


def wake(task: str, *arguments: object) -> bool:
    """Send the task now. False, with a warning in the log, while the broker is away."""
    words = [str(argument) for argument in arguments]
    try:
        current_app.send_task(task, words)
    except OperationalError as error:
        logger.warning("worker not woken", extra={"task": task, "arguments": words, "reason": str(error)})
        return False
    return True
