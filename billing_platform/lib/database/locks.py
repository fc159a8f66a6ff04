"""Advisory locks by name, held to the end of the transaction. LockSpace lists what they are used for."""

from __future__ import annotations

import hashlib
from enum import IntEnum

from django.db import connection


class LockSpace(IntEnum):
    """The things that are locked by name instead of by row. The number is the first half of PostgreSQL's lock key."""

    PARTITIONS = 1
    BILLING_RUN = 2
    DEDUP = 3
    SIGN_IN = 4
    NEW_METRICS = 5
    SLUG = 6
    CUSTOMER_MONEY = 7
    PRICES = 8
    REFUND_NUMBERS = 9
    DAILY_RECONCILIATION = 10
    STATEMENTS = 11
    OUTGOING_WEBHOOKS = 13


def advisory_lock(space: LockSpace, *names: object, shared: bool = False) -> None:
    """Wait for the named locks. They are taken in one order for all callers, so that two callers can't deadlock.

    Several transactions may hold a shared lock at once; an exclusive lock waits for all of them, and they for it.
    PostgreSQL releases the locks at commit or rollback. Raises RuntimeError outside a transaction, where a lock would
    be released at once.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("advisory_lock needs a transaction")
    keys = sorted({_key(str(name)) for name in names}) or [0]
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        in_order = f"SELECT {function}(%s, key) FROM unnest(%s::int[]) AS keys (key)"  # noqa: S608  (a name of ours)
        cursor.execute(in_order, [int(space), keys])


def _key(name: str) -> int:
    """A stable signed 32-bit number for a name (Python's own hash differs between processes)."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big", signed=True)
