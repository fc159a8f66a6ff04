"""Migrations: none missing, raw SQL that goes forward and back, and a schema that survives the round trip."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from tests.architecture.code import APPS, ROOT

SCRATCH = f"billing_migrations_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"

SCHEMA = """
    SELECT table_name || '.' || column_name, data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0
    UNION ALL
    SELECT tgrelid::regclass || ' ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


def _migrations() -> list[tuple[str, Migration]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return [(app, migration) for (app, _name), migration in loader.disk_migrations.items() if app in APPS]


def _operations(operations: list[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _operations(operation.database_operations)
        else:
            yield operation


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_raw_sql_is_two_files_beside_the_migration() -> None:
    for app in APPS:
        folder = ROOT / app / "migrations" / "sql"
        files = {file.name for file in folder.glob("*")} if folder.exists() else set()
        up = {name.removesuffix(".up.sql") for name in files if name.endswith(".up.sql")}
        down = {name.removesuffix(".down.sql") for name in files if name.endswith(".down.sql")}
        assert up == down, f"{app}: every .up.sql has its .down.sql"
        assert len(files) == len(up) + len(down), f"{app}: other files among the SQL"
        used = "".join(file.read_text() for file in (ROOT / app / "migrations").glob("*.py"))
        assert all(f'name="{name}"' in used for name in up), f"{app}: a file that no migration runs"


def test_every_sql_migration_can_be_undone_and_does_not_wait_for_ever_for_a_lock() -> None:
    seen = 0
    for app, migration in _migrations():
        for operation in _operations(migration.operations):
            assert not isinstance(operation, RunPython) or operation.reversible, f"{app}.{migration.name}"
            if isinstance(operation, RunSQL):
                seen += 1
                assert operation.reversible, f"{app}.{migration.name}: {operation}"
                for text in (operation.sql, operation.reverse_sql):
                    assert str(text).startswith("SET LOCAL lock_timeout"), f"{app}.{migration.name}: use lib.sql"
    assert seen >= 3, "the hot log, the ledger and the aggregates are made by SQL"


@pytest.fixture
def scratch_url(django_db_setup: None) -> Iterator[str]:
    """A migrated database of its own on the tests' server, as each worker's is: a copy of tests.template's."""
    ours = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(ours.geturl(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {SCRATCH} TEMPLATE {os.environ['TEST_TEMPLATE']}")
        yield ours._replace(path=f"/{SCRATCH}").geturl()
        server.execute(f"DROP DATABASE {SCRATCH} WITH (FORCE)")


def _migrate(database_url: str, *targets: tuple[str, ...]) -> None:
    result = _try_to_migrate(database_url, *targets)
    assert result.returncode == 0, result.stderr[-2000:]


def _try_to_migrate(database_url: str, *targets: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the connection of this one belongs to the other tests."""
    commands = "; ".join(f"execute(['manage.py', 'migrate', '-v0', *{target!r}])" for target in targets)
    return subprocess.run(
        [sys.executable, "-c", f"from django.core.management import execute_from_command_line as execute; {commands}"],
        env={**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _schema(database_url: str) -> dict[str, str]:
    with psycopg.connect(database_url) as database:
        return dict(database.execute(SCHEMA).fetchall())


@pytest.mark.slow
def test_our_tables_can_be_taken_down_and_made_again(scratch_url: str) -> None:
    """The append-only triggers guard rows, not tables: going back is a decision, and it drops them with the table."""
    first = _schema(scratch_url)
    _migrate(scratch_url, *[(app, "zero") for app in reversed(APPS) if _has_migrations(app)])
    between = _schema(scratch_url)
    assert not [name for name in between if name.split("_")[0] in APPS]
    _migrate(scratch_url, ())
    assert _schema(scratch_url) == first
    assert any(name.startswith("events_usageevent") for name in first)
    # The audit log's table is django-auditlog's; its protection is ours and comes with the migrations.
    assert any(name.startswith("auditlog_logentry pgtrigger_append_only") for name in first)


def _has_migrations(app: str) -> bool:
    return any(label == app for label, _migration in _migrations())


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("INSERT INTO django_migrations (app, name, applied) VALUES ('events', '0002_old', now())", "events.0002_old"),
        ("ALTER TABLE events_usageaggregate RENAME counted_in TO usage_month", "events_usageaggregate.counted_in"),
    ],
)
def test_a_database_of_an_unreleased_version_gets_a_sentence_and_is_left_alone(
    scratch_url: str, change: str, difference: str
) -> None:
    with psycopg.connect(scratch_url) as database:
        database.execute(change)
    before = _schema(scratch_url)
    result = _try_to_migrate(scratch_url, ())
    assert result.returncode == 1
    assert result.stderr.startswith("CommandError: This database was made by an unreleased version"), result.stderr
    assert difference in result.stderr
    assert "Move var/ away" in result.stderr
    assert _schema(scratch_url) == before
