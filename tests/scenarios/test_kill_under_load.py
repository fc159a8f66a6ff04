"""kill -9 of each process at random moments under load: events with a 202 are counted exactly once.

Each has its own way back: granian and Celery replace a child, PostgreSQL recovers by itself from the loss
of one session, and the rest is started again as a container runtime would. What was not killed has to find its way
back by itself, over connections that broke.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import psycopg
import pytest

from tests.scenarios import accounts
from tests.scenarios.inside import create_tenant, inside
from tests.scenarios.running import wait_for
from tests.scenarios.senders import DIMENSION, METRICS, UNIQUE_PROPERTY, Book, Sender
from tests.scenarios.unattended import Unattended

logger = logging.getLogger(__name__)

SEED = 20261121
SENDERS = 4
RECOVERED_WITHIN = 60
"""Seconds, on a machine that is busy with the load and with other tests."""

Fault = Callable[[Unattended, Random], None]

FAULTS: dict[str, Fault] = {
    "a web process": Unattended.kill_web_process,
    "web": Unattended.kill_web,
    "a worker's child": Unattended.kill_worker_child,
    "the worker": Unattended.kill_worker,
    "a PostgreSQL session": Unattended.kill_backend,
    "PostgreSQL": Unattended.kill_postgres,
    "Valkey": Unattended.kill_valkey,
}
KILLS_WEB = {Unattended.kill_web, Unattended.kill_web_process}
# Last, and more than once: when a worker loses its broker while it is at a task, Celery may end it minutes later.
LAST = ["Valkey"] * 3


@pytest.fixture(scope="module")
def key(unattended: Unattended) -> str:
    return unattended.manage(*inside(create_tenant, METRICS, DIMENSION, UNIQUE_PROPERTY)).strip()


@pytest.fixture(scope="module")
def book() -> Book:
    """One for all tests of the module: they share the database as well."""
    return Book()


def test_what_was_accepted_survives_the_death_of_postgresql_at_that_moment(
    unattended: Unattended, key: str, book: Book
) -> None:
    random = Random(SEED)
    for round_ in range(3):
        sender = Sender(f"moment{round_}", unattended.base_url, key, book, random)
        for _ in range(30):
            sender.send_until_accepted(sender.single())
        unattended.kill_postgres(random)
        in_log = accounts.logged(unattended)
        assert not [event_id for event_id, count in book.accepted.items() if in_log[event_id] < count]


def test_whatever_is_killed_under_load_everything_accepted_is_counted_once(
    unattended: Unattended, key: str, book: Book
) -> None:
    _kill_under_load(unattended, key, book, Random(SEED), seconds=0)


@pytest.mark.slow
def test_five_minutes_of_load_and_kills_lose_nothing_and_count_nothing_twice(
    unattended: Unattended, key: str, book: Book
) -> None:
    _kill_under_load(unattended, key, book, Random(SEED + 1), seconds=300)


def _kill_under_load(platform: Unattended, key: str, book: Book, random: Random, *, seconds: float) -> None:
    """Every fault twice, in any order, and again until the time is up."""
    ended = platform.ended.copy()
    end = time.monotonic() + seconds
    first = True
    with _load(platform, key, book, random) as prober:
        while first or time.monotonic() < end:
            first = False
            faults = 2 * sorted(FAULTS.keys() - set(LAST))
            for fault in random.sample(faults, len(faults)):
                time.sleep(random.uniform(0, 0.5))
                _kill_and_see_it_recover(platform, prober, random, fault)
        assert platform.ended == ended, f"something ended by itself:\n{platform.log.read_text()[-4000:]}"
        for fault in LAST:
            time.sleep(random.uniform(0, 0.5))
            _kill_and_see_it_recover(platform, prober, random, fault)
    logger.info("%s; ended by themselves: %s", book, dict(platform.ended))
    wait_for(lambda: not accounts.unsettled(platform), seconds=120, what="the backlog to be settled", log=platform.log)
    assert platform.ended.keys() <= {"worker"}
    accounts.check(platform, book)


@contextmanager
def _load(platform: Unattended, key: str, book: Book, random: Random) -> Iterator[Sender]:
    """Senders at work, and one that is not, to ask whether the platform is back."""
    name = f"{random.getrandbits(32):08x}"
    senders = [
        Sender(f"{name}.{number}", platform.base_url, key, book, Random(random.random())) for number in range(SENDERS)
    ]
    prober = Sender(f"{name}.prober", platform.base_url, key, book, random)
    prober.send_until_accepted(prober.single())
    for sender in senders:
        sender.start()
    try:
        yield prober
    finally:
        for sender in senders:
            sender.finish()
        for sender in senders:
            sender.join(timeout=60)
    never = book.tried.keys() - book.accepted.keys()
    assert not never, f"{len(never)} events were not accepted however often they were sent; {book}"


def _kill_and_see_it_recover(platform: Unattended, prober: Sender, random: Random, fault: str) -> None:
    """Within seconds web accepts again and the worker settles again; web by itself, unless it was killed."""
    before = platform.pids("web")
    started = time.monotonic()
    FAULTS[fault](platform, random)
    probe = prober.single()
    prober.send_until_accepted(probe, seconds=RECOVERED_WITHIN)
    accepted = time.monotonic()
    wait_for(
        lambda: _is_settled(platform, probe.event_ids[0]),
        seconds=RECOVERED_WITHIN,
        what=f"settling after kill -9 of {fault}",
        log=platform.log,
    )
    logger.info("%s: accepts after %.1f s, settles after %.1f s", fault, accepted - started, time.monotonic() - started)
    if FAULTS[fault] not in KILLS_WEB:
        assert before <= platform.pids("web")


def _is_settled(platform: Unattended, event_id: str) -> bool:
    """Counted, or a dead letter; not as far as anybody knows, while the database recovers."""
    query = """
        SELECT EXISTS (SELECT 1 FROM events_usageevent WHERE event_id = %s)
            OR EXISTS (SELECT 1 FROM events_deadletter WHERE event_id = %s)
    """
    try:
        return bool(platform.scalar(query, event_id, event_id))
    except psycopg.OperationalError:
        return False
