"""Restore a backup into an empty database and storage, and show that everything is as it was."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from django.core.cache import cache
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from redis.exceptions import RedisError

from billing_platform.backup import files, manifest, numbers, tools
from billing_platform.backup.manifest import DUMP, FILES, BackupError, Manifest
from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.database.sql import query

logger = logging.getLogger(__name__)

Tell = Callable[[str], None]

_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_EMPTY_SCHEMA = query(__file__, "empty_schema")


def look_at(folder: Path) -> Manifest:
    """Read a backup wholly: everything is there, nothing is damaged. Raises BackupError."""
    made = manifest.read(folder)
    for name, sealed in ((DUMP, made.database), (FILES, made.files)):
        if not (folder / name).exists() or manifest.seal(folder / name) != sealed:
            raise BackupError(f"{folder / name} is lost or damaged. Restore another backup.")
    files.check(files.Pool(folder.parent), folder / FILES)
    return made


def restore(folder: Path, *, replace: bool, jobs: int, tell: Tell) -> Manifest:
    """Restore a backup into the database and storage of the settings.

    With `replace`, what is in the database is deleted first; otherwise it has to be empty. Raises BackupError, before
    anything is changed, where the backup is damaged or of a newer program, where something is there already, or where
    somebody is at work in the database. If it fails later, the database is empty (with one job): do it again.
    """
    made = look_at(folder)
    tell(f"The backup of {made.taken_at} is whole: {len(made.tables)} tables, {made.file_count:,} files.")
    _refuse_newer(made)
    server = tools.server_version()
    pg_restore = tools.tool("pg_restore", at_least=max(server, made.server))
    _make_way(replace=replace)
    tools.restore_dump(pg_restore, folder / DUMP, jobs=jobs)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    count = files.put_back(files.Pool(folder.parent), folder / FILES, replace=replace, tell=tell)
    tell(f"Restored the database, and {count:,} of {made.file_count:,} files.")
    _forget_cache(tell)
    return made


def unlike(made: Manifest) -> list[str]:
    """A sentence for each table that is not as it was when the backup was taken."""
    with consistent_read():
        found = numbers.table_numbers()
    sentences = []
    for name in sorted(made.tables.keys() | found.keys()):
        was, now = made.tables.get(name), found.get(name)
        if was != now:
            sentences.append(f"{name}: {_rows(was)} in the backup, {_rows(now)} here, and not the same")
    return sentences


def unlike_sums(made: Manifest) -> list[str]:
    """A sentence for each sum that is not as it was."""
    found = numbers.sums()
    return [
        f"{what}: {made.sums.get(what, 'none')} in the backup, {found.get(what, 'none')} here"
        for what in sorted(made.sums.keys() | found.keys())
        if made.sums.get(what) != found.get(what)
    ]


def migrations_to_come() -> list[str]:
    """What this program would migrate: the backup is of an older one."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{each.app_label}.{each.name}" for each, _backwards in plan]


def _refuse_newer(made: Manifest) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    unknown = [name for name in made.migrations if name not in known]
    if unknown:
        raise BackupError(
            f"The backup is of version {made.program}, which has migrations that this program has not ({unknown[-1]}). "
            "Install that version."
        )


def _make_way(*, replace: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        (others,) = cursor.fetchone()
        if others:
            raise BackupError(f"Others use the database ({others} sessions): stop web, workers and beat first.")
        there = numbers.table_names()
        if there and not replace:
            raise BackupError(
                f"The database is not empty: it has tables ({len(there)}). Name an empty one in DATABASE_URL, or say "
                "--replace: then everything in it is deleted."
            )
        with transaction.atomic():
            cursor.execute(_EMPTY_SCHEMA)


def _forget_cache(tell: Tell) -> None:
    try:
        cache.clear()
    except (RedisError, OSError) as error:
        tell(f"The cache could not be emptied ({type(error).__name__}): empty Valkey before you start the platform.")


def _rows(table: manifest.TableNumbers | None) -> str:
    return "no such table" if table is None else f"{table.rows:,} rows"
