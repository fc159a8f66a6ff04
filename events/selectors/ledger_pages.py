"""Pages of the ledger, newest first, however long it is: nothing is counted, nothing is sorted as a whole.

The ledger has no B-tree on `id`. A page walks from its cursor through ranges of ids, each wider than the one before,
until it is full. A busy organisation's usage is in the first; for a rare one PostgreSQL takes the unique key, which
begins with the organisation. A range that turns out to be long work is cut down, and a walk that takes too long stops
and says where to go on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from billing_platform.lib.database.failures import took_too_long
from events.models import UsageEvent
from events.selectors.backlog import ledger_position

NARROWEST = 10_000
WIDER = 8
NARROWER = 16
STEP_MS = 150
PATIENCE_MS = 500
NANOSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Events by falling id, and where the pages beside it begin; None where there is nothing more.

    `is_cut` says that the walk stopped before the page was full: there may be more behind the cursor, or nothing.
    """

    events: tuple[UsageEvent, ...]
    older: int | None
    newer: int | None
    is_cut: bool = False


def page_before(
    events: QuerySet[UsageEvent], *, size: int, before: int | None = None, patience_ms: int = PATIENCE_MS
) -> LedgerPage:
    """The newest events of a query, or the newest of those with an id below `before`."""
    top = ledger_position() + 1
    start = top if before is None else min(before, top)
    found, reached = _walk(events, start, end=1, wanted=size + 1, patience_ms=patience_ms)
    page = tuple(found[:size])
    if len(found) > size:
        older: int | None = page[-1].pk
    else:
        older = reached if reached > 1 else None
    newer = None if before is None else page[0].pk if page else start - 1
    return LedgerPage(page, older, newer, is_cut=len(found) <= size and older is not None)


def page_after(events: QuerySet[UsageEvent], *, size: int, after: int, patience_ms: int = PATIENCE_MS) -> LedgerPage:
    """The events of a query that are next newer than `after`; the newest page where they would not fill one."""
    top = ledger_position() + 1
    found, reached = _walk(events, after + 1, end=top, wanted=size + 1, patience_ms=patience_ms)
    page = tuple(reversed(found[:size]))
    is_cut = len(found) <= size
    if is_cut and reached >= top:
        return page_before(events, size=size, patience_ms=patience_ms)
    older = page[-1].pk if page else after + 1
    return LedgerPage(page, older, reached - 1 if is_cut else page[0].pk, is_cut)


def _walk(
    events: QuerySet[UsageEvent], start: int, *, end: int, wanted: int, patience_ms: int
) -> tuple[list[UsageEvent], int]:
    """Events from `start` down or up to `end`, in that order, and the id up to which all were looked through.

    A range is half-open: of a walk down [to, from), of a walk up [from, to).
    """
    down = end < start
    ordered = events.order_by("-id" if down else "id")
    found: list[UsageEvent] = []
    width, widest, begun = NARROWEST, max(start, end), time.monotonic_ns()
    while start != end and len(found) < wanted:
        stop = max(start - width, end) if down else min(start + width, end)
        low, high = (stop, start) if down else (start, stop)
        rows = _read(ordered.filter(pk__gte=low, pk__lt=high)[: wanted - len(found)], in_time=width > NARROWEST)
        if rows is None:  # as many matches as this are not far apart
            width = widest = max(width // NARROWER, NARROWEST)
            continue
        found += rows
        start, width = stop, min(width * WIDER, widest)
        if time.monotonic_ns() - begun > patience_ms * NANOSECONDS:
            break
    return found, start


def _read(rows: QuerySet[UsageEvent], *, in_time: bool) -> list[UsageEvent] | None:
    """The rows, or None if they take too long. The narrowest range is always read: each walk gets somewhere."""
    if not in_time:
        return list(rows)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STEP_MS)])
            found = list(rows)
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
            return found
    except OperationalError as error:
        if took_too_long(error):
            return None
        raise
