"""Answers that take long are remembered for a while: the longer they took, the longer.

A question over all customers costs nothing noticeable where there are few, and is asked each time there. Where there
are ten thousand it may take seconds: then its answer stands for a hundred times as long, so that asking never costs
more than a hundredth of a processor, however often people look.

Where it takes so many seconds that nobody should wait for it in passing, the old answer is given once more after its
time, and meanwhile a thread asks again. Whoever looks first after half an hour in which nobody did waits, or is told
that there is no answer yet (`answer_so_far`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connections
from django.utils import timezone

logger = logging.getLogger(__name__)

SLOW_SECONDS = 0.1
TIMES_AS_LONG = 100
LONGEST_SECONDS = 1_800
SHORTEST_SECONDS = 60  # of an answer that nobody waited for: it may not be gone before somebody came back for it
ASKING_SECONDS = 120  # so long after a thread that failed, or died with its process, the next one asks

T = TypeVar("T")


def remembered(key: str, ask: Callable[[], T], *, longest: int = LONGEST_SECONDS, old_too: bool = False) -> T:
    """The answer of `ask`, or the one that was remembered by this key: name in it everything that the answer depends
    on, whose question it is as well. With `old_too`, an answer may be older, and a thread may call `ask` after the
    caller has gone on."""
    known: tuple[T] | None = cache.get(_answer(key))
    if known is None:
        return _asked(key, ask, longest, old_too=old_too)
    if old_too and cache.get(_holds(key)) is None and cache.add(_asking(key), True, ASKING_SECONDS):
        _ask_meanwhile(key, ask, longest)
    (answer,) = known
    return answer


def answer_so_far(key: str, ask: Callable[[], T], *, anew: bool = False) -> T | None:
    """As `remembered` with `old_too`, but nobody waits: None until a thread has the first answer. With `anew`, a thread
    asks again whatever is remembered."""
    known: tuple[T] | None = cache.get(_answer(key))
    if (anew or known is None or cache.get(_holds(key)) is None) and cache.add(_asking(key), True, ASKING_SECONDS):
        _ask_meanwhile(key, ask, LONGEST_SECONDS, shortest=SHORTEST_SECONDS)
    return known[0] if known else None


def is_asked(key: str) -> bool:
    """Whether a thread asks now, so that there will be another answer soon."""
    return cache.get(_asking(key)) is not None


def forget(key: str) -> None:
    """The next one who asks gets an answer of now."""
    cache.delete(_answer(key))


def _asked(key: str, ask: Callable[[], T], longest: int, *, old_too: bool, shortest: int = 0) -> T:
    begun = time.monotonic()
    answer = ask()
    took = time.monotonic() - begun
    if took > SLOW_SECONDS or shortest:
        stands = max(min(int(took * TIMES_AS_LONG), longest), shortest)
        if old_too:
            cache.set(_holds(key), True, stands)
        cache.set(_answer(key), (answer,), stands + LONGEST_SECONDS * old_too)
    elif old_too:
        forget(key)  # the old one, of when it took long
    return answer


def _ask_meanwhile(key: str, ask: Callable[[], Any], longest: int, *, shortest: int = 0) -> None:
    zone = timezone.get_current_timezone()  # the operators' clock

    def work() -> None:
        try:
            with timezone.override(zone):
                _asked(key, ask, longest, old_too=True, shortest=shortest)
            cache.delete(_asking(key))
        except Exception:  # whatever it is, nobody waits for this thread; another tries after ASKING_SECONDS
            logger.exception("%s could not be asked again: the old answer stands until it is too old", key)
        finally:
            connections.close_all()

    threading.Thread(target=work, name="asks-again", daemon=True).start()


def _answer(key: str) -> str:
    return f"{key}:answer"


def _holds(key: str) -> str:
    return f"{key}:holds"


def _asking(key: str) -> str:
    return f"{key}:asking"
