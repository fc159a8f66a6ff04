"""Database triggers that several models declare."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.db import DEFAULT_DB_ALIAS, connections


def no_truncate() -> pgtrigger.Trigger:
    """A trigger that refuses TRUNCATE, for which row triggers don't run."""
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'TRUNCATE is refused on %', TG_TABLE_NAME;",
    )


def append_only() -> list[pgtrigger.Trigger]:
    """Triggers that refuse to change or delete a row."""
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete), no_truncate()]


def leave_no_switch(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """After every migration, remove the switch with which django-pgtrigger's triggers can be disabled.

    Its trigger functions call `_pgtrigger_should_ignore`, which obeys a setting that every database session may set.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN"
            " LANGUAGE sql IMMUTABLE AS 'SELECT FALSE'"
        )
