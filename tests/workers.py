"""Pytest plugin (`-p tests.workers`): how many workers `pytest -n auto` starts, and which tests stay together.

pytest-xdist has a marker for that (`xdist_group`), which does nothing under pytest 9.2: nobody reads what it writes.
"""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

MOST = 8  # each worker has connections and threads of its own; the private PostgreSQL takes 100 connections

# Beginning of a test's id → what its tests share. A worker takes all of them, before it takes single tests.
TOGETHER = {
    "tests/scenarios/test_kill_under_load.py": "the platform whose processes are killed",
    "tests/scenarios/": "the platform of `make run`",
    "tests/events/test_slow_bodies.py": "a web server",
    "tests/examples/test_usage_client.py": "a web server",
    "tests/payments/test_faults_killed.py": "the process from which workers are forked",
    "tests/local/test_embedded.py": "nothing, but they are long, and what is long begins early",
}


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a good part of the time is waiting, for a platform, a time-out, a lock."""
    return min((os.cpu_count() or 1) + 1, MOST)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):
    """Groups first, the largest first; then test by test, whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in TOGETHER.items() if nodeid.startswith(start)), nodeid)
