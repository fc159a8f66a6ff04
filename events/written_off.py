"""Whether everything that is wrong with a day of the hot log was written off: reconciliation knows, and registers its
answer in its `AppConfig.ready()`.

`events.services.proof.retention` asks before it drops a day on which the check found something.
"""

from __future__ import annotations

from collections.abc import Callable

from billing_platform.lib.registry import Registry
from events.models import HotLogDay

Answer = Callable[[HotLogDay], bool]
"""A function of a day, as it was checked last. It says whether somebody has written off all that was found on it."""

answers: Registry[Answer] = Registry()


def is_written_off(day: HotLogDay) -> bool:
    return any(answer(day) for answer in answers)
