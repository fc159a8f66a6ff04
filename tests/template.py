"""The migrated database that every worker's is a copy of: PostgreSQL copies it in a second, migrations take thirty.

It stays on the server of the tests until a migration or the day changes (the ledger's partitions begin today).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "migrated_"
SAYS = ("*/migrations/**/*", "billing_platform/lib/database/*", "requirements.txt")


def ensure(database_url: str) -> str:
    """Its name. Makes it if it is not there; raises CalledProcessError if the migrations fail."""
    name = PREFIX + _fingerprint()
    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        there = {row[0] for row in rows}
        if name in there:
            return name
        for other in there:  # of yesterday, or of a migrate that was killed
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(other)))
        fresh = f"{PREFIX}not_yet_{os.getpid()}"
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(fresh)))
        _migrate(urlunsplit(urlsplit(database_url)._replace(path=f"/{fresh}")))
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(fresh), sql.Identifier(name))
        )
    return name


def _migrate(database_url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": database_url},
        check=True,
    )


def _fingerprint() -> str:
    """Of what a migration may say: ours, their SQL and operations, the libraries' versions, the day in UTC."""
    digest = hashlib.sha256(datetime.now(UTC).date().isoformat().encode())
    files = [file for pattern in SAYS for file in ROOT.glob(pattern) if file.is_file() and file.suffix != ".pyc"]
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
