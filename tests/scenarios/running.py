"""The platform as `make run` starts it, in a directory of its own, with all its processes and servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
import requests

from billing_platform.local.postgres import Postgres

CHECKOUT = Path(__file__).resolve().parents[2]
Found = TypeVar("Found")


class Running:
    """Something that runs in a directory, and may be asked by SQL and by management commands."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir

    def start_manage(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a management command with the platform's environment."""
        raise NotImplementedError

    def manage(self, *arguments: str) -> str:
        """What a management command prints."""
        command = self.start_manage(*arguments)
        output, _ = command.communicate()
        assert command.returncode == 0, f"manage.py {' '.join(arguments)}:\n{output}"
        return output

    def kill_manage(self, *arguments: str, waiting_for: str) -> None:
        """Start a management command, and kill -9 it in the middle, where it has to wait for a table."""
        with self.table_locked(waiting_for) as wait_for_a_waiting_command:
            command = self.start_manage(*arguments)
            wait_for_a_waiting_command()
            assert command.poll() is None, "the command ended; it was somebody else who waited"
            kill(process_tree(command.pid))
            command.wait()

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        """A SQL prompt beside the platform."""
        url = Postgres(self.var_dir / "postgresql", durable=True).url
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """A SQL prompt as the one whom no trigger stops."""
        server = Postgres(self.var_dir / "postgresql", durable=True)
        with psycopg.connect(server.url, user="postgres", autocommit=True) as connection:
            yield connection

    @contextmanager
    def table_locked(self, table: str) -> Iterator[Callable[[], None]]:
        """Whoever writes to the table has to wait, until the block ends or the server stops.

        What it gives waits until somebody does: then a worker is in the middle of its work.
        """
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        with suppress(psycopg.OperationalError), self.database() as prompt:
            prompt.execute("BEGIN")
            prompt.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")  # type: ignore[call-overload]
            yield lambda: wait_for(lambda: self.scalar(waiting, table), seconds=30, what=f"a wait for {table}") and None

    def scalar(self, query: str, *parameters: Any) -> Any:
        with self.database() as connection:
            row = connection.execute(query, parameters).fetchone()  # type: ignore[call-overload]
            return row[0] if row else None


class Platform(Running):
    """One running platform. Start it again on the same directory and it goes on with the same data."""

    def __init__(self, var_dir: Path) -> None:
        super().__init__(var_dir)
        self.log = var_dir.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        outer = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        self._environment = {name: value for name, value in os.environ.items() if name not in outer}
        self._environment |= {"VAR_DIR": str(self.var_dir), "PORT": "18000", "RATE_LIMIT_ADMIN_KEY": "3000/m"}
        (self.var_dir / "run.json").unlink(missing_ok=True)  # of a launcher that was killed
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "billing_platform.local", "run"],
                cwd=CHECKOUT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(self._run_json, seconds=600, what="the platform to be ready", log=self.log)
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> int:
        """Ctrl-C. The exit code is what the person at the terminal gets."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        return process.wait(timeout=90)

    def kill_worker(self) -> None:
        """kill -9 of the Celery worker and its children; the launcher then stops the rest, as it does when any dies."""
        parent = psutil.Process(self._running().pid)
        workers = [child for child in parent.children(recursive=True) if _is_worker(child)]
        assert workers, "no worker is running"
        kill(workers)
        self._running().wait(timeout=90)

    def kill_launcher(self) -> None:
        """kill -9 of `make run` itself; all that it started lives on, orphaned."""
        self._running().kill()
        self._running().wait()

    def start_manage(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "billing_platform.local", "manage", *arguments],
            cwd=CHECKOUT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def request(self, method: str, path: str, *, key: str | None = None, **kwargs: Any) -> requests.Response:
        """Call the API; with the admin key unless another key is given."""
        headers = {"Authorization": f"Bearer {key or self.facts['admin_key']}", **kwargs.pop("headers", {})}
        return requests.request(method, self.facts["base_url"] + path, headers=headers, timeout=30, **kwargs)

    def sandbox(self, path: str, **kwargs: Any) -> Any:
        """A call of the sandbox's control API."""
        answer = requests.request(kwargs.pop("method", "POST"), self.facts["sandbox_url"] + path, timeout=30, **kwargs)
        answer.raise_for_status()
        return answer.json()

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.var_dir / "run.json").read_text())

    def _run_json(self) -> bool:
        if self._running().poll() is not None:
            raise AssertionError(f"The platform stopped:\n{self.log.read_text()[-4000:]}")
        return (self.var_dir / "run.json").exists()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "start it first"
        return self._process


def wait_for(question: Callable[[], Found], *, seconds: float, what: str, log: Path | None = None) -> Found:
    """Ask until the answer is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.2)
    tail = f"\n{log.read_text()[-4000:]}" if log else ""
    raise AssertionError(f"Waited {seconds} s in vain for {what}.{tail}")


def process_tree(pid: int) -> list[psutil.Process]:
    """A process and all that it has started, and they in turn."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill(found: list[psutil.Process]) -> None:
    """kill -9, and wait until they are gone."""
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=10)


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "celery" in process.cmdline() and "worker" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
