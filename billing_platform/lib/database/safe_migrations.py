"""Which operations of a migration endanger a platform that is at work: its old processes, or whoever waits for a lock.

During a deployment, processes of the old version work on the new database. What they need may not go yet, and what they
do not know may not be demanded of them. Nothing may hold a lock on a table while it reads all of its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

EXPLANATION = "safe_because"
"""A migration with this attribute, a sentence, says why what is found in it is safe."""

_LATER = "processes of the old version still use it. Remove its uses in one release, and this in the next"
_RENAMED = "processes of the old version don't know the new name. Add the new one, copy, and remove the old one later"
_BUILDS = "builds an index while nobody may write: CREATE INDEX CONCURRENTLY"
_WRITES = "writes the table anew under a lock. Add a column, copy, remove the old one later"
_DANGEROUS_SQL: dict[str, str] = {
    r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)": _BUILDS,
    r"\bALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE\b": _WRITES,
    r"\bSET\s+NOT\s+NULL\b": "reads the table under a lock: add a check constraint NOT VALID, validate it first",
    r"\bRENAME\s+(TO|COLUMN|\S+\s+TO)\b": _RENAMED,
    r"\bDROP\s+(TABLE|COLUMN)\b": _LATER,
}
_SCHEMA = (ops.fields.FieldOperation, ops.CreateModel, ops.DeleteModel, ops.AddIndex, ops.AddConstraint)


def dangers(migration: Migration, before: ProjectState) -> Iterator[str]:
    """A sentence for each dangerous operation. `before` is the state that the migration finds.

    Initial migrations, and whatever concerns a table that the same migration makes, endanger nobody.
    """
    if migration.initial or getattr(migration, EXPLANATION, None):
        return
    state = before.clone()
    fresh: set[str] = set()
    steps = list(_flat(migration.operations))
    for operation in steps:
        if isinstance(operation, ops.CreateModel):
            fresh.add(operation.name_lower)
        elif str(getattr(operation, "model_name", getattr(operation, "name", ""))).lower() not in fresh:
            for sentence in _of(operation, state, migration.app_label):
                yield f"{migration.app_label}.{migration.name}: {operation.describe()}: {sentence}."
        operation.state_forwards(migration.app_label, state)
    if any(isinstance(step, ops.RunPython) for step in steps) and any(isinstance(step, _SCHEMA) for step in steps):
        yield (
            f"{migration.app_label}.{migration.name}: it changes rows and tables in one transaction, which holds the "
            "tables' locks as long as the rows take. Make it two migrations."
        )


def _flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    """What touches the database; of state alone nobody is in danger."""
    for operation in operations:
        if isinstance(operation, ops.SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _of(operation: Operation, state: ProjectState, app: str) -> Iterator[str]:
    if isinstance(operation, ops.AddField):
        yield from _of_new_field(operation.field)
    elif isinstance(operation, ops.AlterField):
        old = state.models[app, operation.model_name_lower].get_field(operation.name)
        yield from _of_changed_field(old, operation.field)
    elif isinstance(operation, ops.RunPython | ops.RunSQL):
        yield from _of_code(operation)
    else:
        yield from _of_others(operation)


def _of_new_field(field: models.Field[Any, Any]) -> Iterator[str]:
    if field.many_to_many:
        return
    if not field.null and field.db_default is models.NOT_PROVIDED:
        yield "processes of the old version insert rows without it. Give it null=True or a db_default"
    yield from _of_index(field)


def _of_changed_field(old: models.Field[Any, Any], new: models.Field[Any, Any]) -> Iterator[str]:
    was, becomes = (each.db_type(connection) for each in (old, new))
    if was != becomes and not _is_wider(str(was), str(becomes)):
        yield f"{was} to {becomes} writes the table anew under a lock. Add a field, copy, remove the old one later"
    if old.null and not new.null:
        yield "reads the table under a lock. Add a check constraint not valid, validate it, then this with safe_because"
    if not _has_index(old):
        yield from _of_index(new)


def _of_index(field: models.Field[Any, Any]) -> Iterator[str]:
    if _has_index(field):
        yield "builds an index while nobody may write. Say db_index=False, and add it by AddIndexConcurrently"


def _has_index(field: models.Field[Any, Any]) -> bool:
    return bool(field.unique or getattr(field, "db_index", False))


def _of_code(operation: ops.RunPython | ops.RunSQL) -> Iterator[str]:
    if not operation.reversible:
        yield "it can't be undone. Give it a reverse, if only noop"
    if isinstance(operation, ops.RunSQL):
        for pattern, sentence in _DANGEROUS_SQL.items():
            if re.search(pattern, str(operation.sql), re.IGNORECASE):
                yield sentence


def _of_others(operation: Operation) -> Iterator[str]:
    safe = (AddIndexConcurrently, RemoveIndexConcurrently, AddConstraintNotValid)
    if isinstance(operation, safe):
        return
    if isinstance(operation, ops.RemoveField | ops.DeleteModel):
        yield _LATER
    elif isinstance(operation, ops.RenameField | ops.RenameModel | ops.AlterModelTable):
        yield _RENAMED
    elif isinstance(operation, ops.AddIndex):
        yield "builds an index while nobody may write. Use AddIndexConcurrently, with atomic = False"
    elif isinstance(operation, ops.RemoveIndex):
        yield "waits for the table with a lock. Use RemoveIndexConcurrently, with atomic = False"
    elif isinstance(operation, ops.AddConstraint):
        yield "reads the table under a lock. Use AddConstraintNotValid and ValidateConstraint, or a unique index first"


def _is_wider(was: str, becomes: str) -> bool:
    """varchar(20) to varchar(40), or to text: PostgreSQL changes only its catalogue."""
    lengths = [re.fullmatch(r"varchar\((\d+)\)", text) for text in (was, becomes)]
    if lengths[0] and becomes == "text":
        return True
    return all(lengths) and int(str(lengths[0] and lengths[0][1])) <= int(str(lengths[1] and lengths[1][1]))
