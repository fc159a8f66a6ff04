"""What a migration may not do while the platform is at work, and that a lock is waited for briefly and often."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import OperationalError, connection, models, transaction
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from billing_platform.lib.database.patience import patiently
from billing_platform.lib.database.safe_migrations import dangers
from tests.architecture.code import APPS

SHORT, LONG = models.CharField(max_length=20), models.CharField(max_length=40)
OPTIONAL = models.IntegerField(null=True)


def _forward(apps: Any, schema_editor: Any) -> None:
    """Changes rows."""


def _state() -> ProjectState:
    state = ProjectState()
    fields = [("id", models.BigAutoField(primary_key=True)), ("name", SHORT), ("size", OPTIONAL)]
    state.add_model(ModelState("shop", "Thing", fields))
    return state


def _said(*operations: Operation, **attributes: Any) -> str:
    migration = type("Migration", (Migration,), {"operations": list(operations), **attributes})("0002_test", "shop")
    return "\n".join(dangers(migration, _state()))


INDEX = models.Index(fields=["name"], name="thing_by_name")
CHECK = models.CheckConstraint(condition=models.Q(size__gte=0), name="thing_has_size")


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (ops.AddField("Thing", "colour", models.CharField(max_length=9)), "insert rows without it"),
        (ops.AddField("Thing", "colour", models.CharField(max_length=9, default="red")), "insert rows without it"),
        (ops.AddField("Thing", "colour", models.CharField(null=True, unique=True)), "nobody may write"),
        (ops.AlterField("Thing", "size", models.BigIntegerField(null=True)), "integer to bigint"),
        (ops.AlterField("Thing", "size", models.IntegerField()), "reads the table"),
        (ops.AlterField("Thing", "name", models.CharField(max_length=10)), "writes the table anew"),
        (ops.AlterField("Thing", "name", models.CharField(max_length=20, db_index=True)), "nobody may write"),
        (ops.RemoveField("Thing", "size"), "still use it"),
        (ops.DeleteModel("Thing"), "still use it"),
        (ops.RenameField("Thing", "size", "extent"), "new name"),
        (ops.RenameModel("Thing", "Object"), "new name"),
        (ops.AddIndex("Thing", INDEX), "AddIndexConcurrently"),
        (ops.AddConstraint("Thing", CHECK), "AddConstraintNotValid"),
        (ops.RunPython(_forward), "can't be undone"),
        (ops.RunSQL("CREATE INDEX a ON shop_thing (name)", "DROP INDEX a"), "CONCURRENTLY"),
        (ops.RunSQL("ALTER TABLE shop_thing ALTER COLUMN size TYPE bigint", ""), "writes the table anew"),
        (ops.RunSQL("alter table shop_thing rename size to extent", ""), "new name"),
        (ops.SeparateDatabaseAndState([ops.RemoveField("Thing", "size")], []), "still use it"),
    ],
)
def test_what_endangers_a_platform_at_work_is_refused(operation: Operation, sentence: str) -> None:
    said = _said(operation)
    assert sentence in said
    assert said.startswith("shop.0002_test: ")


@pytest.mark.parametrize(
    "operation",
    [
        ops.AddField("Thing", "colour", models.CharField(max_length=9, null=True)),
        ops.AddField("Thing", "colour", models.CharField(max_length=9, db_default="red")),
        ops.AlterField("Thing", "name", LONG),
        ops.AlterField("Thing", "name", models.TextField()),
        ops.AlterField("Thing", "name", models.CharField(max_length=20, help_text="As printed.")),
        AddIndexConcurrently("Thing", INDEX),
        AddConstraintNotValid("Thing", CHECK),
        ops.RunPython(_forward, ops.RunPython.noop),
        ops.RunSQL("CREATE INDEX CONCURRENTLY a ON shop_thing (name)", "DROP INDEX a"),
        ops.CreateModel("Other", [("id", models.BigAutoField(primary_key=True)), ("name", SHORT)]),
    ],
)
def test_what_endangers_nobody_passes(operation: Operation) -> None:
    assert _said(operation) == ""


def test_a_new_table_may_get_whatever_it_needs() -> None:
    new = ops.CreateModel("Other", [("id", models.BigAutoField(primary_key=True)), ("name", SHORT)])
    assert _said(new, ops.AddIndex("Other", INDEX)) == ""


def test_rows_and_tables_are_changed_apart() -> None:
    safe = ops.AddField("Thing", "colour", models.CharField(max_length=9, null=True))
    assert "Make it two migrations" in _said(safe, ops.RunPython(_forward, ops.RunPython.noop))


def test_what_is_explained_passes() -> None:
    assert _said(ops.RemoveField("Thing", "size"), safe_because="No release has used it since 0.2.") == ""


def test_no_migration_of_ours_endangers_a_platform_at_work() -> None:
    """Of other people's migrations, those come with a new version of their package: look at them when you take it."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found = [
        sentence
        for key, migration in loader.disk_migrations.items()
        if key[0] in APPS
        for sentence in dangers(migration, loader.project_state(key, at_end=False))
    ]
    assert found == []


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_waited_for_briefly_and_often() -> None:
    told: list[str] = []
    with psycopg.connect(**_parameters(), application_name="a long report") as other:
        other.execute("LOCK TABLE django_migrations IN ACCESS SHARE MODE")

        def work() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")

        def tell(sentence: str) -> None:
            told.append(sentence)
            if len(told) == 2:
                other.rollback()

        patiently(work, seconds=1, attempts=5, pause=0, tell=tell)
        assert len(told) == 2
        assert "Attempt 2 of 5 follows" in told[0]
        assert "(a long report) is in a transaction since" in told[1]
        other.execute("LOCK TABLE django_migrations IN ACCESS SHARE MODE")
        with pytest.raises(OperationalError, match="lock timeout"):
            patiently(work, seconds=1, attempts=1, pause=0, tell=tell)
        other.rollback()


def _parameters() -> dict[str, Any]:
    """Of the tests' own database."""
    found = connection.get_connection_params()
    return {name: value for name, value in found.items() if name in {"host", "port", "user", "password", "dbname"}}
