"""Wait for locks briefly and often: behind a statement that waits for a table, everybody else waits too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

from billing_platform.lib.database.failures import lock_was_not_granted

_LONGEST = 30
_IN_THE_WAY = """
    SELECT pid, COALESCE(NULLIF(application_name, ''), backend_type), extract(epoch FROM now() - xact_start)::int
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now() - interval '1 second'
    ORDER BY xact_start LIMIT 1
"""


def patiently(
    work: Callable[[], object], *, seconds: int, attempts: int, pause: float, tell: Callable[[str], None]
) -> None:
    """Do some work that waits `seconds` for each lock. If one is not granted, do it again after a pause.

    The work has to be safe to repeat. Pauses grow from `pause` seconds to 30. Raises the last OperationalError.
    """
    for number in range(1, attempts + 1):
        try:
            with _lock_timeout(seconds):
                work()
            return
        except OperationalError as error:
            if not lock_was_not_granted(error) or number == attempts:
                raise
        tell(f"A lock was not granted within {seconds} s{_who()}. Attempt {number + 1} of {attempts} follows.")
        time.sleep(min(pause * number, _LONGEST))


@contextmanager
def _lock_timeout(seconds: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds}s"])
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")


def _who() -> str:
    """The oldest transaction, most likely the one in the way. Its statement may quote customers: it is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_THE_WAY)
        found = cursor.fetchone()
    return "" if found is None else f"; session {found[0]} ({found[1]}) is in a transaction since {found[2]} s"
