"""Where events wait: in memory, or in a spool, a directory that outlives the process."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: without a spool it works there, too
    fcntl = None  # type: ignore[assignment]

MOST_BYTES = 2_000_000  # of a batch; the platform takes 10 MB

log = logging.getLogger("usage_client")


class BufferFull(Exception):
    """The event was not taken: too much waits already, because the platform has been out of reach for long."""


@dataclass
class Batch:
    lines: list[bytes]  # each an event as JSON, with its line break
    files: list[tuple[Path, int]] = field(default_factory=list)  # of a spool, with the descriptors that lock them


class Memory:
    """What waits to be sent. Events gather until a batch is full or sealed; `take` gives the oldest sealed ones."""

    at_the_end = "the rest is lost"

    def __init__(self, batch_size: int, most: int) -> None:
        self._batch_size, self._most, self._is_closed = batch_size, most, False
        self.after_fork()

    def after_fork(self) -> None:  # what the parent counted, the parent sends
        self._lock = threading.Lock()
        self._lines: deque[bytes] = deque()
        self._sealed = self._taken = 0

    def append(self, line: bytes) -> bool:
        with self._lock:
            _refuse_if(self._is_closed, len(self._lines) + self._taken >= self._most)
            self._lines.append(line)
            if len(self._lines) - self._sealed < self._batch_size:
                return False
            self._sealed = len(self._lines)
            return True

    def seal(self) -> None:
        with self._lock:
            self._sealed = len(self._lines)

    def take(self) -> Batch | None:
        with self._lock:
            lines: list[bytes] = []
            size = 0
            while len(lines) < min(self._sealed, self._batch_size) and size < MOST_BYTES:
                lines.append(self._lines.popleft())
                size += len(lines[-1])
            self._sealed -= len(lines)
            self._taken = len(lines)
            return Batch(lines) if lines else None

    def done(self, batch: Batch) -> None:
        self._taken = 0

    def give_back(self, batch: Batch) -> None:
        with self._lock:
            self._lines.extendleft(reversed(batch.lines))
            self._sealed += len(batch.lines)
            self._taken = 0

    def close(self) -> None:
        with self._lock:
            self._is_closed = True


class Spool:
    """A directory of files of at most one batch each. Whoever holds a file's lock writes it, or sends and removes it.

    The system gives the lock back when a process ends, kill -9 included; then any other process sends the file.
    """

    at_the_end = "the rest waits in the spool"

    def __init__(self, directory: Path, batch_size: int, most_bytes: int, *, durable: bool) -> None:
        if fcntl is None:
            raise ValueError("A spool needs file locks, which Windows does not have. Leave it out.")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if durable:
            _sync_folder(directory.parent)
        self._directory, self._batch_size, self._most_bytes, self._durable = directory, batch_size, most_bytes, durable
        self._is_closed = False
        self._held: set[int] = set()
        self.after_fork()

    def after_fork(self) -> None:
        """The open file is the parent's: with the descriptor that we inherited, its lock would outlive the parent."""
        self._lock, self._sync_lock = threading.Lock(), threading.Lock()
        for descriptor in list(self._held):
            self._let_go(descriptor)
        self._open: int | None = None
        self._lines = self._size = self._written = self._synced = self._last_name = 0
        self._found: deque[Path] = deque()
        self._bytes = self._measure()

    def append(self, line: bytes) -> bool:
        with self._lock:
            _refuse_if(self._is_closed, self._bytes + len(line) > self._most_bytes)
            if self._open is None:
                self._open = self._new_file()
            self._write(self._open, line)
            self._written += 1
            mine = self._written
            is_full = self._lines >= self._batch_size or self._size >= MOST_BYTES
            if is_full:
                self._seal()
        if self._durable:
            self._sync(mine)
        return is_full

    def seal(self) -> None:
        with self._lock:
            self._seal()
            self._found.clear()

    def take(self) -> Batch | None:
        """Files of this process and of those that died: small ones together."""
        batch = Batch([])
        size = 0
        with self._lock:
            if not self._found:
                self._found.extend(sorted(self._directory.glob("*.ndjson")))
                self._bytes = self._measure()
        while self._found and len(batch.lines) < self._batch_size and size < MOST_BYTES:
            path = self._found.popleft()
            if (descriptor := self._claim(path)) is not None:
                lines = _whole_lines(descriptor)
                batch.lines.extend(lines)
                batch.files.append((path, descriptor))
                size += sum(map(len, lines))
        return batch if batch.files else None

    def done(self, batch: Batch) -> None:
        for path, descriptor in batch.files:
            with self._lock:
                self._bytes -= os.fstat(descriptor).st_size
            path.unlink(missing_ok=True)
            self._let_go(descriptor)

    def give_back(self, batch: Batch) -> None:
        for _path, descriptor in batch.files:
            self._let_go(descriptor)
        self._found.clear()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._seal()

    def _new_file(self) -> int:
        while True:
            self._last_name = max(self._last_name + 1, time.time_ns())  # in order though the clock is set back
            path = self._directory / f"{self._last_name:020}-{os.getpid()}.ndjson"
            with suppress(FileExistsError):
                descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o600)
                if self._is_locked(descriptor):  # else somebody found the empty file first, and removes it
                    break
        if self._durable:
            _sync_folder(self._directory)
        self._lines = self._size = 0
        return descriptor

    def _write(self, descriptor: int, line: bytes) -> None:
        try:
            written = 0
            while written < len(line):
                written += os.write(descriptor, line[written:])
        except OSError:  # the disk is full: no half a line stays in front of the next one
            os.ftruncate(descriptor, self._size)
            raise
        self._lines += 1
        self._size += len(line)
        self._bytes += len(line)

    def _seal(self) -> None:
        if self._open is not None:
            if self._durable:
                os.fsync(self._open)
                self._synced = self._written
            self._let_go(self._open)
            self._open = None

    def _sync(self, mine: int) -> None:
        """One fsync for all threads that wrote while the last one was under way."""
        with self._sync_lock:
            with self._lock:
                if self._synced >= mine or self._open is None:
                    return
                written, copy = self._written, os.dup(self._open)
            try:
                os.fsync(copy)
            finally:
                os.close(copy)
            with self._lock:
                self._synced = max(self._synced, written)

    def _claim(self, path: Path) -> int | None:
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:  # another process has sent it
            return None
        return descriptor if self._is_locked(descriptor) else None

    def _is_locked(self, descriptor: int) -> bool:
        """Lock the file for us; closed again if another has it, or has removed it meanwhile."""
        self._held.add(descriptor)
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return True
        self._let_go(descriptor)
        return False

    def _let_go(self, descriptor: int) -> None:
        self._held.discard(descriptor)
        os.close(descriptor)

    def _measure(self) -> int:
        total = 0
        for entry in os.scandir(self._directory):
            with suppress(FileNotFoundError):
                total += entry.stat().st_size
        return total


def _refuse_if(is_closed: bool, is_full: bool) -> None:
    if is_closed:
        raise RuntimeError("This client is closed: it takes no more events.")
    if is_full:
        raise BufferFull("Too much usage waits to be sent. Is the platform in reach, and the key valid?")


def _sync_folder(folder: Path) -> None:
    """A new file survives a power cut once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _whole_lines(descriptor: int) -> list[bytes]:
    """Without what a kill or a power cut left unfinished: `count` had not returned, or was not durable."""
    with open(descriptor, "rb", closefd=False) as file:
        found = file.read().splitlines(keepends=True)
    lines = [line for line in found if line.endswith(b"}\n") and _is_event(line)]
    if len(lines) < len(found):
        log.warning("%d unfinished lines of the spool are left out", len(found) - len(lines))
    return lines


def _is_event(line: bytes) -> bool:
    try:
        found = json.loads(line)
        return isinstance(found, dict) and "event_id" in found
    except (ValueError, RecursionError):
        return False
