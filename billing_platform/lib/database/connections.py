"""This thread's database connection, for requests that Django's own signals do not surround."""

from __future__ import annotations

from django.db import connection


def renew_connection() -> None:
    """Replace a broken database connection, as Django does for requests outside the fast path (http/fast_path.py)."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
