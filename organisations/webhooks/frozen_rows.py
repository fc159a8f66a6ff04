"""Rows as they stood at a moment, stored as JSON, with the rows that were read beside them.

For what can't be said of an object at once, and must be said later as of that moment.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection, models

_PLAIN = (str, int, dict, list, type(None))

Memo = dict[tuple[str, str], Any]


def freeze(row: models.Model) -> dict[str, Any]:
    """The columns of a row, what its query added to it, and the rows that were read with it, for `JSONEncoder`."""
    return _frozen(row, set())


def thaw(content: dict[str, Any]) -> Any:
    """The row that `freeze` was given, not read from the database: what it does not hold is read as it stands now."""
    return _thawed(content, {})


def _frozen(row: models.Model, seen: set[tuple[str, str]]) -> dict[str, Any]:
    key = (row._meta.label, str(row.pk))
    if key in seen:
        return {"model": key[0], "pk": key[1]}
    seen.add(key)
    fields = row._meta.concrete_fields
    own = {field.attname for field in fields}
    beside = {name: each for name, each in row._state.fields_cache.items() if isinstance(each, models.Model)}
    prefetched: dict[str, Any] = getattr(row, "_prefetched_objects_cache", {})
    return {
        "model": key[0],
        "pk": key[1],
        "columns": {field.attname: _written(field, row) for field in fields},
        "added": {name: each for name, each in vars(row).items() if _is_added(row, name, own)},
        "beside": {name: _frozen(each, seen) for name, each in beside.items()},
        "parts": {name: [_frozen(each, seen) for each in rows] for name, rows in prefetched.items()},
    }


def _is_added(row: models.Model, name: str, columns: set[str]) -> bool:
    """An annotation, whether or not it fills a cached property. Other cached properties hold no plain values, mostly,
    and are worked out again."""
    return name not in columns and not name.startswith("_") and isinstance(vars(row)[name], _PLAIN)


def _written(field: Any, row: models.Model) -> Any:
    value = field.value_from_object(row)
    as_json = value is None or isinstance(field, models.JSONField)
    return value if as_json else field.value_to_string(row)


def _thawed(content: dict[str, Any], memo: Memo) -> Any:
    model, key = apps.get_model(content["model"]), (content["model"], content["pk"])
    if key in memo:
        return memo[key]
    columns = content["columns"]
    names = [field.attname for field in model._meta.concrete_fields if field.attname in columns]
    read = {field.attname: field for field in model._meta.concrete_fields}
    row: Any = model.from_db(connection.alias, names, [read[name].to_python(columns[name]) for name in names])
    memo[key] = row
    vars(row).update(content["added"])
    for name, each in content["beside"].items():
        row._state.fields_cache[name] = _thawed(each, memo)
    for name, parts in content["parts"].items():
        found = getattr(row, name).get_queryset()
        found._result_cache, found._prefetch_done = [_thawed(each, memo) for each in parts], True
        vars(row).setdefault("_prefetched_objects_cache", {})[name] = found
    return row
