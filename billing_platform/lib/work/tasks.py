"""The base of every Celery task: timed, counted, logged, and named in the audit log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import Task
from django.core.cache import cache
from prometheus_client import Counter, Histogram

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.http import request_id
from billing_platform.lib.registry import Registry

logger = logging.getLogger(__name__)

TASKS = Counter("billing_tasks_total", "Jobs run, by name and outcome.", ["task", "outcome"])
TASK_SECONDS = Histogram("billing_task_seconds", "Time taken by a job.", ["task"])


OUTCOME_STORED_SECONDS = 40 * 24 * 3600  # longer than a monthly job waits for its next run
LONGEST_PROBLEM = 300


@dataclass(frozen=True)
class LastRun:
    """How a job ended when it last ran. Stored in the cache: for people to look at, not to rely on."""

    outcome: str
    at: datetime
    seconds: float
    problem: str = ""


NOTED_BY: Registry[Callable[[str, LastRun], None]] = Registry()
"""Whoever wants to know of each run of a task that came from beat or from a message, once it has ended."""


def last_run(task: str) -> LastRun | None:
    found: LastRun | None = cache.get(_last_run_key(task))
    return found


def _last_run_key(task: str) -> str:
    return f"task-last-run:{task}"


def _remember(task: str, run: LastRun) -> None:
    cache.set(_last_run_key(task), run, timeout=OUTCOME_STORED_SECONDS)


class BaseTask(Task):  # type: ignore[type-arg]  # generic to mypy only
    """Arguments are ids, never objects. Every task may run twice, at once with itself, or be killed half-way."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request_id.begin(self.request.id or "")
        started = time.perf_counter()
        outcome, problem = "ok", ""
        try:
            return super().__call__(*args, **kwargs)
        except DomainError as error:
            outcome, problem = "refused", error.message
            logger.warning("task refused", extra={"task": self.name, "reason": error.message})
            raise
        except Exception as error:  # noted, and goes on
            outcome, problem = "error", f"{type(error).__name__}: {error}"
            raise
        finally:
            seconds = time.perf_counter() - started
            TASKS.labels(self.name, outcome).inc()
            TASK_SECONDS.labels(self.name).observe(seconds)
            self._tell(LastRun(outcome, clock.now(), seconds, problem[:LONGEST_PROBLEM]))
            request_id.end()

    def _tell(self, run: LastRun) -> None:
        for note in (_remember, *([] if self.request.called_directly else NOTED_BY)):
            try:
                note(self.name, run)
            except Exception:  # Valkey or PostgreSQL may be away: never a reason to fail what was done
                logger.exception("the outcome of a task could not be noted")
