"""Raw SQL in migrations: one file forward, one back, beside the migration that runs them."""

from __future__ import annotations

from pathlib import Path

from django.db.migrations import RunSQL

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s';\n"


def sql_file(migration_file: str, name: str) -> RunSQL:
    """The operation for migrations/sql/<name>.up.sql and .down.sql. Never edited once released: add a new pair."""
    folder = Path(migration_file).parent / "sql"
    up = (folder / f"{name}.up.sql").read_text(encoding="utf-8")
    down = (folder / f"{name}.down.sql").read_text(encoding="utf-8")
    return RunSQL(LOCK_TIMEOUT + up, LOCK_TIMEOUT + down)
