"""What a backup says of itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from billing_platform.lib.errors import DomainError

FORMAT = 1
DUMP, FILES, MANIFEST, POOL = "database.dump", "files.jsonl", "manifest.json", "files"
_PIECE = 1024 * 1024
LAST_BACKUP_KEY = "backup:last"
"""In the cache: the moment of the last complete backup, in seconds since 1970, for the metrics."""


class BackupError(DomainError):
    """A backup can't be made, read or restored. The message says what to do."""

    code = "BACKUP_FAILED"


class Sealed(msgspec.Struct, frozen=True):
    """A file of the backup."""

    size: int
    sha256: str


class TableNumbers(msgspec.Struct, frozen=True):
    """`checksum` changes if any value of any row does; the order of the rows does not matter. 0 for no rows."""

    rows: int
    checksum: int


class Statement(msgspec.Struct, frozen=True):
    """The last daily statement (docs/proof.md)."""

    number: int
    day: str
    hash: str


class StoredFile(msgspec.Struct, frozen=True):
    """A line of files.jsonl: a file of the storage, by its name there."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    format: int
    program: str
    taken_at: str
    server: int
    """PostgreSQL's major version."""
    migrations: list[str]
    """As `app.name`, in the order in which they were applied."""
    tables: dict[str, TableNumbers]
    sums: dict[str, str]
    statement: Statement | None
    database: Sealed
    files: Sealed
    file_count: int
    problems: list[str]
    """Files that the database names, and that were lost or changed in the storage already."""


def write(folder: Path, manifest: Manifest) -> None:
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(content + b"\n")


def read(folder: Path) -> Manifest:
    """Raises BackupError where there is none, or one that this program does not understand."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise BackupError(f"{folder} is no backup: its {MANIFEST} can't be read ({error.strerror}).") from None
    except msgspec.DecodeError as error:
        raise BackupError(f"{folder / MANIFEST} is damaged: {error}. Take another backup.") from None
    if manifest.format != FORMAT:
        raise BackupError(
            f"{folder} has the format {manifest.format}; this program reads {FORMAT}. Install its version."
        )
    return manifest


def seal(file: Path) -> Sealed:
    """Size and SHA-256 of a file, read a piece at a time."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Sealed(size, digest.hexdigest())
