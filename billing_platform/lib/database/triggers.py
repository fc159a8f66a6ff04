"""Database triggers that several models declare."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.db import DEFAULT_DB_ALIAS, connections


def no_truncate() -> pgtrigger.Trigger:
    """Refuse TRUNCATE, which row triggers don't see."""
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'rows of % are kept: TRUNCATE is refused', TG_TABLE_NAME;",
    )


def append_only() -> list[pgtrigger.Trigger]:
    """Rows may be added, never changed or taken away."""
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete), no_truncate()]


def leave_no_switch(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """After every migration: take away django-pgtrigger's own way around its triggers.

    Its functions ask `_pgtrigger_should_ignore`, which obeys a setting that anybody at a SQL prompt may set.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN"
            " LANGUAGE sql IMMUTABLE AS 'SELECT FALSE'"
        )
