"""A database that an unreleased version made is told from ours before anything is done to it.

Until the first release the initial migrations are edited in place, so Django alone can't see that a database carries
an older form of them: it would go on, and fail at the first missing column.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

OURS = ("organisations", "events", "invoicing", "payments", "reconciliation")


def refuse_unreleased(*, using: str, plan: list[tuple[Migration, bool]], **_signal: Any) -> None:
    """On pre_migrate. Raises CommandError with the way out when the database was made by an unreleased version."""
    connection = connections[using]
    loader = MigrationLoader(connection)
    applied = {key for key in loader.applied_migrations if key[0] in OURS}
    differences = sorted(f"migration {app}.{name}" for app, name in applied - set(loader.disk_migrations))
    if applied and not any(migration.app_label in OURS for migration, _backwards in plan):
        differences += _missing_columns(using)
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise CommandError(
            f"This database was made by an unreleased version (it differs in {differences[0]}{more}). "
            "Nothing was changed. Move var/ away and start again, or name an empty database in DATABASE_URL."
        )


def _missing_columns(using: str) -> list[str]:
    """Columns of our models that the database doesn't have, as `column events_metric.name`."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        present = set(cursor.fetchall())
    return sorted(
        f"column {model._meta.db_table}.{field.column}"
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.local_concrete_fields
        if not model._meta.proxy and (model._meta.db_table, field.column) not in present
    )
