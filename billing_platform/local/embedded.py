"""PostgreSQL and Valkey for as long as a `with` block lasts, for `make run` and for the tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from billing_platform.local.errors import LocalError
from billing_platform.local.postgres import Postgres
from billing_platform.local.processes import Lock
from billing_platform.local.valkey import Valkey

MOST_THROW_AWAY_INSTANCES = 20


@dataclass(frozen=True)
class Services:
    """Where the two servers are."""

    database_url: str
    redis_url: str


@contextmanager
def services(
    var_dir: Path,
    *,
    durable: bool = False,
    postgres: bool = True,
    valkey: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Services]:
    """Start both, give their addresses, stop both. `settings` are PostgreSQL's, instead of ours for small machines.

    `durable=False` is for tests: nothing is flushed to disk, data that can't be opened is made again, and if another
    run uses `var_dir`, this run takes the next free directory beside it (test, test-2, …).
    """
    with ExitStack() as stack:
        home = _claim(var_dir.absolute(), durable=durable, stack=stack)
        database_url = redis_url = ""
        if postgres:
            server = _start_postgres(home / "postgresql", durable=durable, settings=settings)
            stack.callback(server.stop)
            database_url = server.url
        if valkey:
            queue = Valkey(home / "valkey", durable=durable)
            stack.callback(queue.stop)
            queue.start()
            redis_url = queue.url
        yield Services(database_url=database_url, redis_url=redis_url)


def _claim(var_dir: Path, *, durable: bool, stack: ExitStack) -> Path:
    count = 1 if durable else MOST_THROW_AWAY_INSTANCES
    for number in range(1, count + 1):
        home = var_dir if number == 1 else var_dir.with_name(f"{var_dir.name}-{number}")
        home.mkdir(parents=True, exist_ok=True)
        lock = Lock(home / "lock")
        if lock.acquire():
            stack.callback(lock.release)
            return home
        lock.release()
    raise LocalError(f"Already running: another process uses {var_dir}; stop it first (Ctrl-C in its terminal).")


def _start_postgres(home: Path, *, durable: bool, settings: Mapping[str, str] | None) -> Postgres:
    server = Postgres(home, durable=durable, more=settings)
    try:
        server.start()
    except LocalError:
        server.stop()
        if durable or not server.data.exists():
            raise
        shutil.rmtree(server.data)  # without fsync, a power cut may have damaged the data
        server.start()
    except BaseException:  # also Ctrl-C: nothing is left running
        server.stop()
        raise
    return server
