"""The buffers of `examples/python/usage_client`: what a kill leaves, who sends which file, and what is refused."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_client import BufferFull, Client
from usage_client.buffers import Memory, Spool

LINES = [b'{"event_id":"%d","note":"}\\n{"}\n' % number for number in range(8)]


def spool(directory: Path, *, batch_size: int = 3, most_bytes: int = 10_000, durable: bool = False) -> Spool:
    return Spool(directory, batch_size, most_bytes, durable=durable)


def fill(buffer: Spool | Memory, lines: list[bytes]) -> None:
    for line in lines:
        buffer.append(line)


def drain(buffer: Spool | Memory) -> list[bytes]:
    buffer.seal()
    found: list[bytes] = []
    while batch := buffer.take():
        found += batch.lines
        buffer.done(batch)
    return found


@given(cut=st.integers(0, sum(map(len, LINES))), garbage=st.sampled_from([b"", b"\0" * 50, b"}\n", b'{"a":1\n']))
def test_wherever_a_file_ends_its_whole_lines_are_sent_and_no_others(cut: int, garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "1.ndjson").write_bytes(b"".join(LINES)[:cut] + garbage)
        whole, size = 0, 0
        while whole < len(LINES) and size + len(LINES[whole]) <= cut:
            size += len(LINES[whole])
            whole += 1
        found = drain(spool(Path(name)))
        assert found[:whole] == LINES[:whole]
        assert all(line.startswith(b'{"event_id"') and line.endswith(b"}\n") for line in found[whole:])
        assert len(found) <= whole + 1, "garbage may complete a line, and never begins one"
        assert not os.listdir(name)


@pytest.mark.parametrize("durable", [False, True])
def test_a_process_sends_what_others_left_in_order_and_leaves_what_they_write(tmp_path: Path, durable: bool) -> None:
    first, second = (spool(tmp_path, durable=durable) for _ in range(2))
    fill(first, LINES[:4])  # three in a full file, one in the open file
    assert drain(second) == LINES[:3]
    fill(first, LINES[4:5])
    first.seal()
    batch = first.take()
    assert batch is not None
    assert batch.lines == LINES[3:5]
    assert drain(second) == [], "the first one is sending it"
    first.give_back(batch)
    fill(second, LINES[5:])
    first.close()
    assert drain(second) == LINES[3:]
    assert not list(tmp_path.iterdir())


def test_a_batch_that_was_not_sent_comes_first_again() -> None:
    memory = Memory(3, 9)
    fill(memory, LINES)
    batch = memory.take()
    assert batch is not None
    assert batch.lines == LINES[:3]
    memory.give_back(batch)
    memory.append(LINES[0])  # there is room: the batch is not there twice
    assert drain(memory) == [*LINES, LINES[0]]


def test_a_full_buffer_refuses_until_something_was_sent(tmp_path: Path) -> None:
    for buffer in (Memory(3, 4), spool(tmp_path, most_bytes=4 * len(LINES[0]))):
        fill(buffer, LINES[:4])
        with pytest.raises(BufferFull):
            buffer.append(LINES[4])
        batch = buffer.take()
        assert batch is not None
        buffer.done(batch)
        buffer.append(LINES[4])
        assert drain(buffer) == LINES[3:5]


def test_half_a_line_that_no_longer_fits_on_the_disk_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer, write = spool(tmp_path), os.write
    buffer.append(LINES[0])

    def full(descriptor: int, text: bytes) -> int:
        if len(text) < len(LINES[1]):
            raise OSError(28, "No space left on device")
        return write(descriptor, text[:5])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            buffer.append(LINES[1])
    buffer.append(LINES[2])
    assert drain(buffer) == [LINES[0], LINES[2]]


@pytest.mark.parametrize("durable", [False, True])
def test_durable_is_on_the_disk_when_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool) -> None:
    buffer, synced, fsync = spool(tmp_path, durable=durable), [], os.fsync

    def noting(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", noting)
    sizes = []
    for number, line in enumerate(LINES, start=1):
        buffer.append(line)
        sizes.append(sum(map(len, LINES[(number - 1) // 3 * 3 : number])))
        assert (sizes[-1] in synced) == durable


@pytest.mark.parametrize(
    ("value", "more", "error"),
    [
        (0.1, {}, TypeError),
        (True, {}, TypeError),
        (-1, {}, ValueError),
        ("many", {}, ValueError),
        (Decimal("NaN"), {}, ValueError),
        (1, {"timestamp": datetime(2026, 10, 1)}, ValueError),  # noqa: DTZ001
        (1, {"size": float("inf")}, ValueError),
        (1, {"size": Decimal(1)}, TypeError),
        (1, {"note": "x" * 70_000}, ValueError),
    ],
)
def test_what_can_be_no_event_is_refused_at_once(value: Any, more: dict[str, Any], error: type[Exception]) -> None:
    client = Client("http://127.0.0.1:9", "key")
    with pytest.raises(error):
        client.count("api_calls", value, "call", **more)
    assert client.close(), "nothing waits"


def test_pauses_grow_and_respect_what_the_platform_asks_for() -> None:
    client = Client("http://127.0.0.1:9", "key", retry_seconds=1)
    for failures, most in [(1, 1), (2, 2), (3, 4), (7, 60), (1000, 60)]:
        assert most / 2 <= client._pause(failures, "") <= most
        assert 20 + most / 2 <= client._pause(failures, "20") <= 20 + most
    assert client._pause(1, "Wed, 21 Oct 2026 07:28:00 GMT") <= 1
    client.close()
