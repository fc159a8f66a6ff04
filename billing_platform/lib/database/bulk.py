"""Many rows of a model in one statement, from plain values: COPY to insert, one UPDATE to change.

`bulk_create` makes an object and adapts each value by itself, and `bulk_update` writes a CASE for each value: with a
thousand invoices that is most of the time. Signals are not sent, as with those two: note in the audit log what has to
be there (`organisations.audit`). Constraints and triggers of the table hold as for every other statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from psycopg.types.json import Jsonb

Row = Sequence[Any]


def insert_objects(objects: Sequence[models.Model]) -> None:
    """Insert objects of one model, as `save` would store them. A key that PostgreSQL counts is not read back."""
    if not objects:
        return
    model = type(objects[0])
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    insert_rows(model, [field.attname for field in fields], (_values(each, fields) for each in objects))
    for each in objects:
        each._state.adding, each._state.db = False, connection.alias


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows whose values are in the order of `columns` (attribute names, such as `invoice_id`).

    Columns that are not named get the database's default: name every column that has none there. JSON is given as
    Python values.
    """
    fields = _fields(model, columns)
    names = ", ".join(f'"{field.column}"' for field in fields)
    statement = f'COPY "{model._meta.db_table}" ({names}) FROM STDIN'
    in_json = _json_columns(fields)
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(_wrapped(row, in_json) if in_json else row)


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Set `columns` of rows found by primary key, which is the first value of each row. How many were found."""
    if not rows:
        return 0
    key, *fields = _fields(model, [model._meta.pk.attname, *columns])
    given = ", ".join(f'"{field.column}" {_type(field)}' for field in (key, *fields))
    changes = ", ".join(f'"{field.column}" = given."{field.column}"' for field in fields)
    names = [field.column for field in (key, *fields)]
    content = json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str)
    table = f'"{model._meta.db_table}"'
    with connection.cursor() as cursor:
        cursor.execute(  # one parameter: PostgreSQL takes the JSON apart faster than Python writes ten arrays
            f"UPDATE {table} SET {changes} FROM jsonb_to_recordset(%s::jsonb) AS given ({given}) "  # noqa: S608  # (names of ours)
            f'WHERE {table}."{key.column}" = given."{key.column}"',
            [content],
        )
        return int(cursor.rowcount)


def _values(obj: models.Model, fields: Sequence[Any]) -> Row:
    values = [(field, field.pre_save(obj, add=True)) for field in fields]
    return [value if isinstance(field, models.JSONField) else field.get_prep_value(value) for field, value in values]


def _fields(model: type[models.Model], columns: Sequence[str]) -> list[Any]:
    known = {field.attname: field for field in model._meta.concrete_fields}
    return [known[column] for column in columns]


def _json_columns(fields: Sequence[Any]) -> frozenset[int]:
    return frozenset(place for place, field in enumerate(fields) if isinstance(field, models.JSONField))


def _wrapped(row: Row, in_json: frozenset[int]) -> Row:
    return [Jsonb(value) if place in in_json and value is not None else value for place, value in enumerate(row)]


def _type(field: Any) -> str:
    """Without length and precision, so that a value too large for its column is refused there and not cut here."""
    kind: str = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
    return kind.partition("(")[0]
