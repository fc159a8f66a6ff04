"""A rehearsal: a backup of the running platform is restored into an empty database and storage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.architecture.test_migrations import SCHEMA
from tests.scenarios.running import CHECKOUT, Platform

SCRATCH = "billing_rehearsal"
OWED = """
    SELECT currency, status, count(*), sum(total), sum(amount_paid), sum(amount_credited), sum(amount_refunded)
    FROM invoicing_invoice GROUP BY currency, status ORDER BY currency, status
"""
BALANCES = """
    SELECT invoice.currency, sum(allocation.amount) FROM payments_paymentallocation allocation
    JOIN invoicing_invoice invoice ON invoice.id = invoice_id GROUP BY invoice.currency ORDER BY invoice.currency
"""


REFUSED = r"(?i)final|issued|change"


class Rehearsal:
    """A machine of its own, as far as data goes: an empty database, an empty storage, another Valkey database."""

    def __init__(self, platform: Platform, home: Path) -> None:
        self.home = home
        ours = os.environ | json.loads((platform.var_dir / "environment.json").read_text())
        self.original_url = ours["DATABASE_URL"]
        self.url = urlsplit(self.original_url)._replace(path=f"/{SCRATCH}").geturl()
        self.environment = ours | {
            "DATABASE_URL": self.url,
            "REDIS_URL": ours["REDIS_URL"].rpartition("/")[0] + "/7",
            "VAR_DIR": str(home),
            "DJANGO_SETTINGS_MODULE": "billing_platform.settings",  # the tests' own settings have another signing key
        }

    def manage(self, *arguments: str) -> tuple[int, str]:
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return result.returncode, result.stdout

    def leave_something(self) -> None:
        """What somebody tried before: `--replace` has to clear it away, and leave what is not ours."""
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute("CREATE TYPE events_reading AS (a int)")
            database.execute("CREATE TABLE organisations_organisation (reading events_reading, id serial)")
            database.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")

    def restored(self, query: str) -> Any:
        return _answer(self.url, query)

    def original(self, query: str) -> Any:
        return _answer(self.original_url, query)

    def names(self, *, original: bool = False) -> list[str]:
        """By name: PostgreSQL writes the conditions of a restored constraint otherwise, to the same effect."""
        return sorted(name for name, _definition in (self.original if original else self.restored)(SCHEMA))


def _answer(url: str, query: str) -> Any:
    with psycopg.connect(url) as database:
        return database.execute(query).fetchall()  # type: ignore[call-overload]


@pytest.fixture
def rehearsal(platform: Platform, tmp_path: Path) -> Iterator[Rehearsal]:
    found = Rehearsal(platform, tmp_path / "var")
    with psycopg.connect(found.original_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {SCRATCH}")
        yield found
        server.execute(f"DROP DATABASE {SCRATCH} WITH (FORCE)")


def test_what_is_destroyed_comes_back_with_the_same_numbers_and_the_same_proof(
    platform: Platform, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    platform.manage("state_days")
    owed, balances = rehearsal.original(OWED), rehearsal.original(BALANCES)
    assert owed
    assert balances
    platform.manage("backup", str(tmp_path / "backups"))
    (folder,) = (tmp_path / "backups").glob("20*")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["problems"] == []
    assert manifest["file_count"] > 10

    rehearsal.leave_something()
    code, said = rehearsal.manage("restore", str(folder))
    assert code == 1
    assert "The database is not empty: it has tables (1)" in said

    code, said = rehearsal.manage("restore", str(folder), "--replace", "--days", "7")
    assert code == 0, said
    assert "Restored: same numbers, same proof." in said
    assert f"Proved: {manifest['statement']['number']} statements" in said
    assert said.count(", 0 do not agree") == 7
    assert (rehearsal.restored(OWED), rehearsal.restored(BALANCES)) == (owed, balances)
    assert rehearsal.names() == rehearsal.names(original=True), "columns, constraints, triggers and indexes"
    assert _files_as_they_are(platform.var_dir / "media", rehearsal.home / "media") == manifest["file_count"]
    with psycopg.connect(rehearsal.url) as database, pytest.raises(psycopg.Error, match=REFUSED):
        database.execute("UPDATE invoicing_invoice SET total = total + 1 WHERE number <> ''")


def _files_as_they_are(original: Path, restored: Path) -> int:
    """How many restored files are the original's, to the byte; the original goes on and may have more by now."""
    files = [file for file in restored.rglob("*") if file.is_file()]
    assert any(file.suffix == ".pdf" for file in files)
    return sum(file.read_bytes() == (original / file.relative_to(restored)).read_bytes() for file in files)
