"""Tell a worker that there is work, as soon as the row that says so is committed.

A task is named by its full name, because tasks import services and not the other way round. A message that is lost
loses nothing: the row still says that it is due, and a sweep finds it within a minute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial

from celery import current_app
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_nobody: ContextVar[bool] = ContextVar("wake_nobody", default=False)


@contextmanager
def waking_nobody() -> Iterator[None]:
    """Within this block, this thread sends no task for a row: whoever runs it does itself what follows. What is told
    to receivers of webhooks goes out all the same."""
    token = _nobody.set(True)
    try:
        yield
    finally:
        _nobody.reset(token)


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
    """Send the task now. False, with a warning in the log, while the broker is away; and within `waking_nobody`."""
    if _nobody.get():
        return False
    words = [str(argument) for argument in arguments]
    try:
        current_app.send_task(task, words)
    except OperationalError as error:
        logger.warning("worker not woken", extra={"task": task, "arguments": words, "reason": str(error)})
        return False
    return True


class RareWaking:
    """Wakes one task that works off a queue of rows, once however many rows arrive.

    A process asks at most twice a second, and all processes together once per run, by a flag in the cache that a run
    removes when it starts. A row that arrives between two askings is found as well, if the run looks a last time
    LAST_LOOK_SECONDS after it started. If a message is lost, the next one comes when the flag expires, or from beat.
    """

    FLAG_SECONDS = 5
    QUIET_SECONDS = 0.5
    LAST_LOOK_SECONDS = 1.0

    def __init__(self, task: str) -> None:
        self.task, self._flag = task, f"woken:{task}"
        self.quiet_until = 0.0

    def wake(self) -> None:
        """Ask a worker to start soon. Never fails its caller: beat starts the task anyway."""
        if time.monotonic() < self.quiet_until:
            return
        self.quiet_until = time.monotonic() + self.QUIET_SECONDS
        try:
            if cache.add(self._flag, 1, timeout=self.FLAG_SECONDS):
                current_app.send_task(self.task, [], retry=False)
        except (RedisError, OperationalError, OSError) as error:
            self.quiet_until = time.monotonic() + self.FLAG_SECONDS  # not every request waits for a broker that is down
            logger.warning("worker not woken", extra={"task": self.task, "reason": str(error)})

    def wake_on_commit(self) -> None:
        """The same once the surrounding transaction has committed; a rollback asks nobody."""
        transaction.on_commit(self.wake, robust=True)

    def started(self) -> None:
        """The task runs: what arrives from now on may wake the next run."""
        with suppress(RedisError, OSError):
            cache.delete(self._flag)
