"""Hands each job to the thread that became idle last.

Its database connection is the warmest: PostgreSQL keeps what it knows of tables and statements in each backend. A light
load stays on few threads, where turns would go round all of them, and each would meet most pages for the first time.
"""

from __future__ import annotations

import threading
from collections import deque
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class WarmThreads(Generic[T]):
    """A queue without a limit, for threads that each pass a place of their own to `get`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: deque[T] = deque()
        self._idle: list[SimpleQueue[T]] = []

    def put(self, job: T) -> None:
        with self._lock:
            if self._idle:
                self._idle.pop().put(job)
            else:
                self._jobs.append(job)

    def get(self, place: SimpleQueue[T]) -> T:
        """The oldest job that nobody has taken, as soon as there is one."""
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            self._idle.append(place)
        return place.get()
