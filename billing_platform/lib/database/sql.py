"""Raw SQL in migrations: one file forward, one back, in migrations/sql/ of the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.migrations import RunSQL

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s';\n"


class SqlFile(RunSQL):
    """Runs <app>/migrations/sql/<name>.up.sql, and <name>.down.sql on the way back.

    A file is never edited once it is released: a change is a new pair.
    """

    def __init__(self, app: str, name: str) -> None:
        self.app, self.name = app, name
        folder = Path(apps.get_app_config(app).path) / "migrations" / "sql"
        up = (folder / f"{name}.up.sql").read_text(encoding="utf-8")
        down = (folder / f"{name}.down.sql").read_text(encoding="utf-8")
        super().__init__(LOCK_TIMEOUT + up, LOCK_TIMEOUT + down)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.app, self.name], {}
