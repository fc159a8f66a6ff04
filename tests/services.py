"""Early pytest plugin (`-p tests.services`): real PostgreSQL and Valkey, up before Django reads its settings.

pytest-xdist: the process that was called starts both servers, its workers inherit their addresses. pytest-django gives
each worker a database of its own (test_billing_gw0, …), a copy of one that is migrated; here each gets a Valkey
database of its own, by its number.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = (
    "tests.settings"  # before billing_platform is imported: its Celery app has a default
)

from billing_platform.local.embedded import services
from tests import template

_running = ExitStack()


def _start() -> None:
    """Start what the environment does not name already; an outer run may share its own with processes it starts."""
    need = {name: name not in os.environ for name in ("DATABASE_URL", "REDIS_URL")}
    if any(need.values()):
        home = Path(__file__).resolve().parent.parent / "var" / "test"
        started = _running.enter_context(services(home, postgres=need["DATABASE_URL"], valkey=need["REDIS_URL"]))
        if need["DATABASE_URL"]:
            os.environ["DATABASE_URL"] = started.database_url
        if need["REDIS_URL"]:
            os.environ["REDIS_URL"] = started.redis_url


def _take_own_valkey_database(worker: str) -> None:
    """Worker gw0 takes database 1, gw1 takes 2, …: `cache.clear()` of one empties nothing of another."""
    server, _, _database = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{server}/{int(worker.removeprefix('gw')) + 1}"


if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    _take_own_valkey_database(worker)
else:
    _start()
    if "TEST_TEMPLATE" not in os.environ:
        os.environ["TEST_TEMPLATE"] = template.ensure(os.environ["DATABASE_URL"])


def pytest_unconfigure() -> None:
    _running.close()
