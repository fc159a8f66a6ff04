"""SQL in files of its own: statements beside the Python that runs them, and migrations forward and back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.migrations import RunSQL

_ROOT = Path(__file__).resolve().parents[3]
_PLACEHOLDER = re.compile(r"\{\{ (\S+) \}\}")

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '3s';\n"


def query(beside: str, name: str, **texts: str) -> str:
    """The statement in sql/<name>.sql beside a Python file. Read it at import: `_INSERT = query(__file__, "insert")`.

    `{{ events/sql_fragments/sign.sql }}` in a statement stands for what that file holds, and the path begins at the
    root of the project: so a fragment that several statements share is written once. `{{ table }}` stands for the text
    that is given as `table=`. Lines of comment are left out.
    Raises FileNotFoundError for a file that is not there, KeyError for a text that is not given.
    """
    return _read(Path(beside).parent / "sql" / f"{name}.sql", texts)


def _read(path: Path, texts: dict[str, str]) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    statement = "\n".join(line for line in lines if not line.lstrip().startswith("--"))

    def filled(placeholder: re.Match[str]) -> str:
        word = placeholder[1]
        return _read(_ROOT / word, texts) if word.endswith(".sql") else texts[word]

    return _PLACEHOLDER.sub(filled, statement)


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
