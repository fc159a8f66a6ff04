"""Many things, some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """The things in their order, `size` in each list and the rest in the last; none is empty. Nothing is read ahead."""
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch
