"""Statements in files of their own: each says what it does, is run by somebody, and is complete when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_platform.lib.database.sql import query
from tests.architecture.code import APPS, ROOT

FILES = sorted(
    file for app in APPS for file in (ROOT / app).rglob("sql/*.sql") if file.parent.parent.name != "migrations"
)


def test_there_are_such_files() -> None:
    assert len(FILES) > 40, "the test looks at the wrong place"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_statement_says_first_what_it_does(file: Path) -> None:
    assert file.read_text(encoding="utf-8").startswith("-- ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_statement_is_run_beside_it_or_is_part_of_another(file: Path) -> None:
    beside = "".join(python.read_text(encoding="utf-8") for python in file.parent.parent.glob("*.py"))
    included = f"{{{{ {file.relative_to(ROOT)} }}}}"
    others = (other.read_text(encoding="utf-8") for other in FILES if other != file)
    assert f'"{file.stem}"' in beside or any(included in other for other in others)


def test_a_shared_fragment_stands_where_it_is_named_and_comments_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "count.sql").write_text(
        "-- 100% of it\nSELECT sum({{ events/sql_fragments/sign.sql }})\nFROM {{ table }} l\n"
    )
    statement = query(str(tmp_path / "asking.py"), "count", table="events_usageevent")
    assert statement == "SELECT sum(CASE l.kind WHEN 'reversal' THEN -1 ELSE 1 END)\nFROM events_usageevent l"


def test_a_name_that_is_wrong_is_noticed_when_the_statement_is_read(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "count.sql").write_text("SELECT count(*) FROM {{ table }}")
    (tmp_path / "sql" / "add.sql").write_text("SELECT {{ events/sql_fragments/sine.sql }}")
    beside = str(tmp_path / "asking.py")
    with pytest.raises(FileNotFoundError):
        query(beside, "cuont")
    with pytest.raises(FileNotFoundError):
        query(beside, "add")
    with pytest.raises(KeyError):
        query(beside, "count", tabel="events_usageevent")
