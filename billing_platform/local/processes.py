"""Find, start and stop our own processes, and never those of others."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil


class Lock:
    """A lock that says that this process uses a directory. The system releases it however the process ends.

    It is a record lock and not flock(), because children don't inherit it: a child that survives us does not hold it.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a")

    def acquire(self) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(self) -> None:
        self._file.close()


def running_with(argument: str) -> Iterator[psutil.Process]:
    """Processes with exactly this word in their command line.

    A pid file is no proof after kill -9 or a reboot: another process may have this pid by now.
    """
    for process in psutil.process_iter(["cmdline"]):
        if argument in (process.info["cmdline"] or []):
            yield process


def running_with_environment(name: str, value: str) -> Iterator[psutil.Process]:
    """Processes that were started with this variable in their environment."""
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get(name) == value:
            yield process


def stop(processes: list[psutil.Process], *, signal: int, patience: float) -> None:
    """Send `signal`, wait `patience` seconds, then kill those that still run."""
    for process in processes:
        _send(process, signal)
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=10)


def _send(process: psutil.Process, signal: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal)


def wait_until(ready: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(pause)
    return False


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return ""
    return "\n".join("  " + line for line in log.read_text(errors="replace").splitlines()[-count:])


def without_postgres_variables() -> dict[str, str]:
    """The environment without PGHOST, PGPORT, PGDATA … that were meant for another PostgreSQL."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
