"""Requests go to the thread that became idle last, and each to one thread."""

from __future__ import annotations

import threading
from collections import Counter
from queue import SimpleQueue

from billing_platform.http.warm_threads import WarmThreads
from tests.scenarios.running import wait_for

PATIENCE = 10


class Crew:
    """Threads that say who took which job, and end their job when they are told."""

    def __init__(self, size: int) -> None:
        self.jobs: WarmThreads[int | None] = WarmThreads()
        self.taken: SimpleQueue[tuple[int, str]] = SimpleQueue()
        self.go_on = {name: threading.Semaphore(0) for name in map(str, range(size))}
        self.threads = [threading.Thread(target=self._work, args=(name,)) for name in self.go_on]
        for thread in self.threads:
            thread.start()

    def _work(self, name: str) -> None:
        place: SimpleQueue[int | None] = SimpleQueue()
        while (job := self.jobs.get(place)) is not None:
            self.taken.put((job, name))
            assert self.go_on[name].acquire(timeout=PATIENCE)

    def wait_until_all_are_idle(self) -> None:
        wait_for(lambda: len(self.jobs._idle) == len(self.threads), seconds=PATIENCE, what="idle threads")

    def end(self) -> None:
        for _ in self.threads:
            self.jobs.put(None)
        for thread in self.threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self.threads)


def test_one_request_after_the_other_is_answered_by_the_same_thread() -> None:
    crew = Crew(4)
    took = set()
    for number in range(8):
        crew.wait_until_all_are_idle()
        crew.jobs.put(number)
        _job, name = crew.taken.get(timeout=PATIENCE)
        took.add(name)
        crew.go_on[name].release()
    crew.wait_until_all_are_idle()
    crew.end()
    assert len(took) == 1


def answered(crew: Crew, count: int) -> list[int | None]:
    """All of a burst, in the order in which threads say that they took them."""
    for number in range(count):
        crew.jobs.put(number)
    order = []
    for _ in range(count):
        job, name = crew.taken.get(timeout=PATIENCE)
        order.append(job)
        crew.go_on[name].release()
    crew.end()
    return order


def test_more_requests_than_threads_are_answered_once_each_in_their_order() -> None:
    """The order is seen with one thread: of several, one may be held up between taking a job and saying so."""
    assert answered(Crew(1), 60) == list(range(60))
    assert Counter(answered(Crew(3), 60)) == Counter(range(60))
