"""What a backup is made with, and what it says is wrong."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from billing_platform.backup import files, manifest, tools
from billing_platform.backup.manifest import BackupError, Manifest, StoredFile
from billing_platform.backup.restoring import look_at
from organisations.models import BillingEntity
from tests import factories


@pytest.fixture
def pool(tmp_path_factory: pytest.TempPathFactory) -> files.Pool:
    """Of a directory beside the storage."""
    return files.Pool(tmp_path_factory.mktemp("backups"))


def _tool(folder: Path, version: int) -> Path:
    folder.mkdir(parents=True)
    file = folder / "pg_dump"
    file.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.4'\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def only_these(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    names = [str(_tool(tmp_path / str(version), version)) for version in (15, 18, 17)]
    monkeypatch.setattr(tools, "_candidates", lambda name: iter([*names, str(tmp_path / "none" / name)]))
    return tmp_path


@pytest.mark.parametrize(("server", "chosen"), [(15, 15), (16, 17), (18, 18)])
def test_the_oldest_tool_that_understands_the_server_is_taken(only_these: Path, server: int, chosen: int) -> None:
    assert tools.tool("pg_dump", at_least=server) == str(only_these / str(chosen) / "pg_dump")


def test_a_server_that_is_too_new_is_a_sentence(only_these: Path) -> None:
    with pytest.raises(BackupError, match="Install postgresql-client-19, or set POSTGRESQL_BIN"):
        tools.tool("pg_dump", at_least=19)


@pytest.mark.django_db
def test_a_tool_gets_the_password_by_the_environment_and_nothing_that_nobody_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    script = tmp_path / "pg_dump"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$@" > {told}\n')
    script.chmod(0o755)
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "hunter2")
    tools.finish(tools.start(str(script), "--verbose"))
    password, no_password, target, last = told.read_text().splitlines()
    assert (password, no_password, last) == ("hunter2", "--no-password", "--verbose")
    assert "hunter2" not in target
    assert f"dbname={connection.settings_dict['NAME']}" in target
    words = {word.partition("=")[0] for word in target.removeprefix("--dbname=").split()}
    assert words <= {"host", "port", "user", "dbname"}


@pytest.mark.django_db
def test_each_file_is_copied_once_and_a_lost_one_is_named(own_media: None, pool: files.Pool) -> None:
    factories.billing_entity()
    logo = default_storage.save("logos/there.png", ContentFile(b"picture"))
    default_storage.save("logos/of-nobody.png", ContentFile(b"old picture"))  # frozen documents may name it
    BillingEntity.objects.update(logo=logo)
    problems: list[str] = []
    first, second = io.BytesIO(), io.BytesIO()
    assert files.back_up(pool, first, problems) == 2
    copied = {path: path.stat().st_ino for path in pool.folder.glob("??/*")}
    assert files.back_up(pool, second, problems) == 2
    assert first.getvalue() == second.getvalue()
    assert len(copied) == 2
    assert problems == []
    names = [msgspec.json.decode(line, type=StoredFile).name for line in first.getvalue().splitlines()]
    assert names == [logo, "logos/of-nobody.png"]
    default_storage.delete(logo)
    assert files.back_up(pool, io.BytesIO(), problems) == 1
    assert problems == [f"{logo} is lost."]


def test_a_file_that_stands_there_already_is_not_overwritten(own_media: None, pool: files.Pool) -> None:
    told: list[str] = []
    listing = pool.folder.parent / "files.jsonl"
    size, sha256 = pool.take(ContentFile(b"as it was"))
    listing.write_bytes(msgspec.json.encode(StoredFile("pdf/a.pdf", size, sha256)))
    default_storage.save("pdf/a.pdf", ContentFile(b"another one"))
    assert files.put_back(pool, listing, replace=False, tell=told.append) == 0
    assert told == ["pdf/a.pdf stands in the storage with another content, and was left alone."]
    assert _content("pdf/a.pdf") == b"another one"
    assert files.put_back(pool, listing, replace=True, tell=told.append) == 1
    assert _content("pdf/a.pdf") == b"as it was"


def _content(name: str) -> Any:
    with default_storage.open(name, "rb") as file:
        return file.read()


@pytest.fixture
def whole(pool: files.Pool) -> Path:
    """A backup of a database with nothing in it, and of one file."""
    folder = pool.folder.parent / "2026-11-26T203000Z"
    folder.mkdir()
    size, sha256 = pool.take(ContentFile(b"a picture"))
    (folder / manifest.DUMP).write_bytes(b"PGDMP of nothing")
    (folder / manifest.FILES).write_bytes(msgspec.json.encode(StoredFile("logos/a.png", size, sha256)) + b"\n")
    made = Manifest(
        format=manifest.FORMAT,
        program="0.1.0",
        taken_at="2026-11-26T20:30:00+00:00",
        server=18,
        migrations=[],
        tables={},
        sums={},
        statement=None,
        database=manifest.seal(folder / manifest.DUMP),
        files=manifest.seal(folder / manifest.FILES),
        file_count=1,
        problems=[],
    )
    manifest.write(folder, made)
    return folder


def test_a_whole_backup_is_read_as_it_was_written(whole: Path) -> None:
    assert look_at(whole).taken_at == "2026-11-26T20:30:00+00:00"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("2026-11-26T203000Z/database.dump", "database.dump is lost or damaged"),
        ("2026-11-26T203000Z/files.jsonl", "files.jsonl is lost or damaged"),
        ("files/??/*", "is not logos/a.png any more"),
    ],
)
def test_one_wrong_byte_is_found(whole: Path, file: str, sentence: str) -> None:
    (spoilt,) = whole.parent.glob(file)
    content = bytearray(spoilt.read_bytes())
    content[len(content) // 2] ^= 1
    spoilt.write_bytes(content)
    with pytest.raises(BackupError, match=re.escape(sentence)):
        look_at(whole)


def test_what_is_no_backup_is_said_to_be_none(whole: Path) -> None:
    with pytest.raises(BackupError, match="is no backup"):
        look_at(whole.parent)
    (whole / "manifest.json").write_text("{}")
    with pytest.raises(BackupError, match="is damaged"):
        look_at(whole)
