"""Make a backup while the platform runs."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from billing_platform.backup import files, manifest, numbers, tools
from billing_platform.backup.manifest import DUMP, FILES, FORMAT, BackupError, Manifest, Sealed, Statement, TableNumbers
from billing_platform.lib import clock
from billing_platform.lib.database.consistent_read import consistent_read

EXTENSION = "btree_gist"
"""The one that our migrations make. Others of the database are the server's own business."""
_NAME = "%Y-%m-%dT%H%M%SZ"
_PARTIAL = ".partial"


def backup(directory: Path) -> tuple[Path, Manifest]:
    """Write a backup into a new folder of the directory. Returns the folder and what the backup says of itself.

    The dump and the numbers are read in one snapshot, whatever is written meanwhile. The folder gets its name when all
    of it is on the disk: one that ends with .partial is no backup. Raises BackupError.
    """
    with _alone(directory):
        taken_at = clock.now()
        folder = directory / (taken_at.astimezone(UTC).strftime(_NAME) + _PARTIAL)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            made = _make(directory, folder, taken_at)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        complete = folder.with_suffix("")
        folder.rename(complete)
        _sync(directory)
        return complete, made


def moment_of(folder: Path) -> datetime | None:
    """When a folder's backup was begun, in UTC, as its name says. None: it is no backup."""
    try:
        return datetime.strptime(folder.name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _make(directory: Path, folder: Path, taken_at: datetime) -> Manifest:
    server = tools.server_version()
    pg_dump = tools.tool("pg_dump", at_least=server)
    with consistent_read():
        tables, sums, statement, migrations = _dump(pg_dump, folder / DUMP)
    problems: list[str] = []
    with (folder / FILES).open("wb") as listing:
        count = files.back_up(files.Pool(directory), listing, problems)
    os.sync()  # the pool's files, all at once
    made = Manifest(
        format=FORMAT,
        program=settings.VERSION,
        taken_at=taken_at.astimezone(UTC).isoformat(timespec="seconds"),
        server=server,
        migrations=migrations,
        tables=tables,
        sums=sums,
        statement=statement,
        database=_sealed(folder / DUMP),
        files=_sealed(folder / FILES),
        file_count=count,
        problems=problems,
    )
    manifest.write(folder, made)
    _sync(folder / manifest.MANIFEST)
    _sync(folder)
    return made


def _dump(pg_dump: str, file: Path) -> tuple[dict[str, TableNumbers], dict[str, str], Statement | None, list[str]]:
    """Dump the database, and count it meanwhile in the same snapshot."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # the snapshot lives as long as we do
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    dumping = tools.start(
        pg_dump,
        "--format=custom",
        f"--file={file}",
        f"--snapshot={snapshot}",
        f"--extension={EXTENSION}",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--lock-wait-timeout=60s",
    )
    try:
        counted = numbers.table_numbers(), numbers.sums(), numbers.last_statement(), numbers.migrations()
    except BaseException:
        dumping.process.kill()
        dumping.process.wait()
        raise
    tools.finish(dumping)
    return counted


def _sealed(file: Path) -> Sealed:
    _sync(file)
    return manifest.seal(file)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One backup at a time in a directory. Raises BackupError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("a")
    except OSError as error:
        raise BackupError(f"{directory} can't be written: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupError(f"Another backup into {directory} is at work.") from None
        yield
