"""A rehearsal: a backup of the running platform is restored into an empty database and storage."""

from __future__ import annotations

import json
import os
import shutil
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

    def both(self, query: str) -> tuple[Any, Any]:
        """What the original and the restored database answer."""
        answers = []
        for url in (self.original_url, self.url):
            with psycopg.connect(url) as database:
                answers.append(database.execute(query).fetchall())  # type: ignore[call-overload]
        return answers[0], answers[1]


@pytest.fixture
def rehearsal(platform: Platform, tmp_path: Path) -> Iterator[Rehearsal]:
    found = Rehearsal(platform, tmp_path / "var")
    with psycopg.connect(found.original_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {SCRATCH}")
        yield found
        server.execute(f"DROP DATABASE {SCRATCH} WITH (FORCE)")


def _spoilt(folder: Path, name: str, at: Path) -> Path:
    """A copy of the backup in which one byte of one file is another one."""
    shutil.copytree(folder.parent, at)
    found = at / folder.name / name if name else next(iter((at / "files").glob("??/*")))
    content = bytearray(found.read_bytes())
    content[len(content) // 2] ^= 1
    found.write_bytes(content)
    return at / folder.name


def test_what_is_destroyed_comes_back_with_the_same_numbers_and_the_same_proof(
    platform: Platform, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    platform.manage("state_days")
    platform.manage("backup", str(tmp_path / "backups"))
    (folder,) = (tmp_path / "backups").glob("20*")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["problems"] == []
    assert manifest["file_count"] > 10

    for name in ("database.dump", "files.jsonl", ""):
        code, said = rehearsal.manage("restore", str(_spoilt(folder, name, tmp_path / f"spoilt-{name}")))
        assert code == 1
        assert "damaged" in said
    assert rehearsal.both("SELECT count(*) FROM pg_class WHERE relname = 'invoicing_invoice'")[1] == [(0,)]

    code, said = rehearsal.manage("restore", str(folder))
    assert code == 0, said
    assert "Restored: same numbers, same proof." in said
    assert f"Proved: {manifest['statement']['number']} statements" in said
    assert said.count(", 0 do not agree") == 7
    for query in (OWED, BALANCES):
        was, restored = rehearsal.both(query)
        assert was == restored
        assert was
    was, restored = rehearsal.both(SCHEMA)
    assert set(was) == set(restored), "constraints, triggers and indexes"
    _files_are_the_same(platform.var_dir / "media", rehearsal.home / "media")
    with psycopg.connect(rehearsal.url) as database, pytest.raises(psycopg.Error, match=REFUSED):
        database.execute("UPDATE invoicing_invoice SET total = total + 1 WHERE number <> ''")

    code, said = rehearsal.manage("restore", str(folder))
    assert code == 1
    assert "The database is not empty" in said
    code, said = rehearsal.manage("restore", str(folder), "--replace")
    assert code == 0, said


def _files_are_the_same(one: Path, other: Path) -> None:
    was = {str(file.relative_to(one)): file.read_bytes() for file in one.rglob("*") if file.is_file()}
    assert was == {str(file.relative_to(other)): file.read_bytes() for file in other.rglob("*") if file.is_file()}
    assert any(content.startswith(b"%PDF") for content in was.values())
