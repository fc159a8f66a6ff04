"""Merkle trees as RFC 6962, section 2.1, builds them with SHA-256. No database, no Django."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step up: the hash that is joined to what we have, and the side on which it stands."""

    side: Literal["left", "right"]
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of leaves.

    The hashes may stand for subtrees as well, if each but the last has the same number of leaves, a power of two: then
    it is the root over all their leaves.
    """
    level = list(hashes)
    if not level:
        return EMPTY
    while len(level) > 1:
        level = _joined(level)
    return level[0]


def path(hashes: Sequence[bytes], index: int) -> list[Step]:
    """The steps from one of the hashes up to their root. Raises IndexError for a place that is not there."""
    if not 0 <= index < len(hashes):
        raise IndexError(index)
    steps: list[Step] = []
    level = list(hashes)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):  # the last of an odd number goes up as it is
            steps.append(Step("left" if sibling < index else "right", level[sibling]))
        level, index = _joined(level), index // 2
    return steps


def climb(start: bytes, steps: Iterable[Step]) -> bytes:
    """Where the steps lead to: the root, if the start and the steps are those of the tree."""
    for step in steps:
        start = node_hash(step.hash, start) if step.side == "left" else node_hash(start, step.hash)
    return start


def _joined(level: list[bytes]) -> list[bytes]:
    """The next level. Joining neighbours from the left splits a tree at the largest power of two, as the RFC does."""
    joined = [node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return joined + level[-1:] if len(level) % 2 else joined
