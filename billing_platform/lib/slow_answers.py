"""Answers that take long are remembered for a while: the longer they took, the longer.

A question over all customers costs nothing noticeable where there are few, and is asked each time there. Where there
are ten thousand it may take seconds: then its answer stands for a hundred times as long, so that asking never costs
more than a hundredth of a processor, however often people look.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

SLOW_SECONDS = 0.1
TIMES_AS_LONG = 100
LONGEST_SECONDS = 1_800

T = TypeVar("T")


def remembered(key: str, ask: Callable[[], T], *, longest: int = LONGEST_SECONDS) -> T:
    """The answer of `ask`, or the one that was remembered by this key: name in it everything that the answer depends
    on, whose question it is as well."""
    known: T | None = cache.get(key)
    if known is not None:
        return known
    begun = time.monotonic()
    answer = ask()
    took = time.monotonic() - begun
    if took > SLOW_SECONDS:
        cache.set(key, answer, min(int(took * TIMES_AS_LONG), longest))
    return answer
