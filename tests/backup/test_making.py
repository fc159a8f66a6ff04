"""What a backup is made with, and what it says is wrong."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from billing_platform.backup import files, tools
from billing_platform.backup.manifest import BackupError, StoredFile
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
