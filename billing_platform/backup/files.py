"""Stored files: into the pool of a backup directory, each once for all backups, and back into the storage.

Files are written once and never changed. So a backup reads only those that no earlier one has, and it may read them
after the database: whatever the dumped rows name is there, and perhaps some more.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec
from django.apps import apps
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.db import models

from billing_platform.backup.manifest import POOL, BackupError, StoredFile, seal
from billing_platform.lib.batches import batches

_AT_ONCE = 1_000
_MOST_NOTED = 1_000  # a storage that is away as a whole makes no list of a million
_INCOMING = ".incoming"
_PIECE = 1024 * 1024


class Pool:
    """The files of all backups of a directory, each under its SHA-256. What a backup uses gets its time."""

    def __init__(self, directory: Path) -> None:
        self.folder = directory / POOL

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def take(self, content: File[bytes]) -> tuple[int, str]:
        """Copy a file into the pool. Returns its size and SHA-256."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        incoming, digest, size = self.folder / _INCOMING, hashlib.sha256(), 0
        with incoming.open("wb") as copy:
            for piece in content.chunks(_PIECE):
                digest.update(piece)
                size += copy.write(piece)
        target = self.path(digest.hexdigest())
        target.parent.mkdir(mode=0o700, exist_ok=True)
        incoming.replace(target)
        return size, digest.hexdigest()

    def reuse(self, sha256: str) -> int | None:
        """The size of a file that is here already; it is marked as used now. None if it is not."""
        path = self.path(sha256)
        try:
            os.utime(path)
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def forget_unused(self, since: float) -> int:
        """Delete what no backup has used since a moment (seconds since 1970). How many."""
        count = 0
        for path in self.folder.glob("??/*"):
            if path.stat().st_mtime < since:
                path.unlink()
                count += 1
        return count


def back_up(pool: Pool, listing: IO[bytes], problems: list[str]) -> int:
    """Put all stored files into the pool and list them. Returns how many.

    `problems` gets a sentence for each that is lost or changed.
    """
    count = 0
    for entry in _entries(pool, problems):
        listing.write(msgspec.json.encode(entry) + b"\n")
        count += 1
    return count


def _entries(pool: Pool, problems: list[str]) -> Iterator[StoredFile]:
    for name, sha256 in _named_by_rows():
        entry = _entry(pool, name, sha256, problems)
        if entry:
            yield entry
    for names in batches(_walk(default_storage), _AT_ONCE):
        named = _those_named_by_rows(names)
        for name in names:
            if name not in named and (entry := _entry(pool, name, "", problems)):
                yield entry


def _entry(pool: Pool, name: str, known: str, problems: list[str]) -> StoredFile | None:
    """Copy one file. `known` is its SHA-256 as the database says; empty: it says none."""
    if known and (size := pool.reuse(known)) is not None:
        return StoredFile(name, size, known)
    try:
        with default_storage.open(name, "rb") as content:
            size, sha256 = pool.take(content)
    except FileNotFoundError:
        _note(problems, f"{name} is lost.")
        return None
    if known and sha256 != known:
        _note(problems, f"{name} was changed: its SHA-256 is not {known}.")
    return StoredFile(name, size, sha256)


def _note(problems: list[str], sentence: str) -> None:
    if len(problems) < _MOST_NOTED:
        problems.append(sentence)


# --- what is there ----------------------------------------------------------------------------------------------------


def _file_fields() -> Iterator[tuple[type[models.Model], str, str | None]]:
    """Model, field, and the field beside it that has the SHA-256, if any."""
    for model in apps.get_models():
        names = {field.name for field in model._meta.local_concrete_fields}
        for field in model._meta.local_concrete_fields:
            if isinstance(field, models.FileField):
                beside = f"{field.name}_sha256"
                yield model, field.name, beside if beside in names else None


def _named_by_rows() -> Iterator[tuple[str, str]]:
    """Name and SHA-256 (or nothing) of each file that a row names, so many rows at a time. A name may come twice."""
    for model, field, beside in _file_fields():
        rows = model._base_manager.exclude(**{field: ""}).exclude(**{field: None}).order_by("pk")
        columns = ["pk", field, *([beside] if beside else [])]
        part = list(rows.values_list(*columns)[:_AT_ONCE])
        while part:
            for row in part:
                yield row[1], row[2] if beside else ""
            part = list(rows.filter(pk__gt=part[-1][0]).values_list(*columns)[:_AT_ONCE])


def _those_named_by_rows(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for model, field, _beside in _file_fields():
        found.update(model._base_manager.filter(**{f"{field}__in": names}).values_list(field, flat=True))
    return found


def _walk(storage: Storage, folder: str = "") -> Iterator[str]:
    """The names of all files in the storage."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in filter(None, files):
        yield f"{folder}/{name}" if folder else name
    for name in filter(None, folders):
        yield from _walk(storage, f"{folder}/{name}" if folder else name)


# --- back -------------------------------------------------------------------------------------------------------------


def listed(listing: Path) -> Iterator[StoredFile]:
    with listing.open("rb") as lines:
        for line in lines:
            yield msgspec.json.decode(line, type=StoredFile)


def check(pool: Pool, listing: Path) -> None:
    """Raises BackupError where a file of the pool is lost or damaged."""
    for entry in listed(listing):
        path = pool.path(entry.sha256)
        if not path.exists():
            raise BackupError(
                f"The backup lacks {entry.name} ({path}). Restore another backup, or copy this file back."
            )
        if seal(path).sha256 != entry.sha256:
            raise BackupError(f"{path} is damaged: it is not {entry.name} any more. Restore another backup.")


def put_back(pool: Pool, listing: Path, *, replace: bool, tell: Callable[[str], None]) -> int:
    """Write the files into the storage. One of the same name with another content is left alone, and told, unless
    `replace`. Returns how many are there as they were, afterwards."""
    count = 0
    for entry in listed(listing):
        stands = _hash_in_storage(entry.name)
        if stands == entry.sha256:
            count += 1
            continue
        if stands is not None:
            if not replace:
                tell(f"{entry.name} stands in the storage with another content, and was left alone.")
                continue
            default_storage.delete(entry.name)
        with pool.path(entry.sha256).open("rb") as content:
            written = default_storage.save(entry.name, File(content))
        if written != entry.name:
            raise BackupError(f"The storage wrote {entry.name} as {written}: empty it, and restore again.")
        count += 1
    return count


def _hash_in_storage(name: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with default_storage.open(name, "rb") as content:
            for piece in content.chunks(_PIECE):
                digest.update(piece)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
