"""The base of every Celery task: sent on commit, timed, counted, logged, and named in the audit log."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import Task
from django.db import transaction
from prometheus_client import Counter, Histogram

from billing_platform.lib import request_id
from billing_platform.lib.errors import DomainError

logger = logging.getLogger(__name__)

TASKS = Counter("billing_tasks_total", "Jobs run, by name and outcome.", ["task", "outcome"])
TASK_SECONDS = Histogram("billing_task_seconds", "Time taken by a job.", ["task"])


class BaseTask(Task):  # type: ignore[type-arg]
    """Arguments are ids, never objects. Every task may run twice, at once with itself, or be killed half-way."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Send once the surrounding transaction has committed; a rollback sends nothing."""
        transaction.on_commit(lambda: self.delay(*args, **kwargs))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request_id.begin(self.request.id or "")
        started = time.perf_counter()
        outcome = "ok"
        try:
            return super().__call__(*args, **kwargs)
        except DomainError as error:
            outcome = "refused"
            logger.warning("task refused", extra={"task": self.name, "reason": error.message})
            raise
        except Exception:
            outcome = "error"
            raise
        finally:
            TASKS.labels(self.name, outcome).inc()
            TASK_SECONDS.labels(self.name).observe(time.perf_counter() - started)
            request_id.end()
