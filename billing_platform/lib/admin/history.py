"""The history of one object: its audit entries as readable texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BooleanField, DateField, DateTimeField, DecimalField, JSONField
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst

from billing_platform.lib.admin.display import LAST_DAY, when, yes_or_no
from billing_platform.lib.dates_in_words import day_text, last_day_text
from billing_platform.lib.number_formats import short_text

MOST_ENTRIES = 200
LONGEST_VALUE = 300
NAMELESS = "the seller's staff"

Names: TypeAlias = dict[tuple[Any, str], str]


@dataclass(frozen=True)
class Change:
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class HistoryEntry:
    at: datetime
    action: str
    who: str
    source: str
    address: str
    request_id: str
    reason: str
    changes: tuple[Change, ...]


def history_of(obj: Any, *, names_people: bool = True) -> list[HistoryEntry]:
    """The newest entries first. Without `names_people` the entries hold no person and no address."""
    names: Names = {}
    return history_from(entries_of(obj), lambda entry: changes_of(entry, names), names_people=names_people)


def entries_of(obj: Any) -> list[Any]:
    """The audit entries of an object, the newest first."""
    found = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(obj), object_pk=str(obj.pk))
    return list(found.select_related("actor", "content_type").order_by("-timestamp", "-pk")[:MOST_ENTRIES])


def history_from(
    entries: Iterable[Any], tell: Callable[[Any], Iterable[Change]], *, names_people: bool
) -> list[HistoryEntry]:
    """Audit entries as readable texts; `tell` says what each of them changed."""
    found = [readable(entry, tuple(tell(entry))) for entry in entries]
    return found if names_people else [replace(entry, who=NAMELESS, address="", request_id="") for entry in found]


def readable(entry: Any, changes: tuple[Change, ...]) -> HistoryEntry:
    """An audit entry in words."""
    extra = entry.additional_data or {}
    return HistoryEntry(
        at=entry.timestamp,
        action=capfirst(entry.get_action_display()),
        who=who_did(entry),
        source=source_in_words(extra.get("source", "")),
        address=entry.remote_addr or "",
        request_id=entry.cid or "",
        reason=extra.get("reason", ""),
        changes=changes,
    )


def who_did(entry: Any) -> str:
    """The person, with the key that spoke for them; or the job, which has no person."""
    extra = entry.additional_data or {}
    person = str(entry.actor) if entry.actor else (entry.actor_email or "")
    key = extra.get("api_key_name", "")
    if key:
        return f"{person or 'Project'}, by key {key}"
    return person or "The system"


def source_in_words(source: str) -> str:
    """Jobs and commands by their names, as `Job: send pending notifications`; addresses of requests as they are."""
    kind, _, name = source.partition(": ")
    if kind not in ("task", "command") or not name:
        return source
    if kind == "task":
        return f"Job: {name.rpartition('.')[2].replace('_', ' ')}"
    return f"Command: {name.removeprefix('manage.py ').replace('_', ' ')}"


def changed_fields(entry: Any) -> list[str]:
    model = entry.content_type.model_class()
    return [_label(model, name) for name, _values in _own_changes(entry.changes, model)]


def changes_of(entry: Any, names: Names, *, changes: Mapping[str, Any] | None = None) -> Iterator[Change]:
    """Each field that changed, before and after, by the names that people know: all, or only the given `changes`.
    `names` remembers what objects are called, from one entry to the next."""
    model = entry.content_type.model_class()
    for name, values in _own_changes(entry.changes if changes is None else changes, model):
        label = _label(model, name)
        if isinstance(values, dict):  # a many-to-many change
            yield Change(label, "", _text(f"{values.get('operation', '')}: {', '.join(values.get('objects', []))}"))
        elif (parts := _parts(values)) is not None:
            for key, *inner in parts:
                yield Change(f"{label}: {key.replace('_', ' ')}", *(_text(text) for text in inner))
        else:
            before, after = values
            yield Change(label, *(_text(_worded(model, name, value, names)) for value in (before, after)))


def _parts(values: list[Any]) -> list[tuple[str, str, str]] | None:
    """Of two JSON objects the keys whose values differ, each before and after; None for anything else."""
    before, after = map(_json_object, values)
    if before is None or after is None or not (before or after):
        return None
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [(key, _plain(before.get(key)), _plain(after.get(key))) for key in keys]


def _json_object(value: Any) -> dict[str, Any] | None:
    if value in (None, "None", ""):
        return {}
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _own_changes(changes: Mapping[str, Any] | None, model: Any) -> Iterator[tuple[str, Any]]:
    """Without the other side's relations, which django-auditlog lists too, and without "nothing became nothing"."""
    for name, values in (changes or {}).items():
        try:
            foreign = not model._meta.get_field(name).concrete
        except (AttributeError, FieldDoesNotExist):
            foreign = False
        if not foreign and not (isinstance(values, list) and _says_nothing(model, name, *values)):
            yield name, values


def _says_nothing(model: Any, name: str, before: Any, after: Any) -> bool:
    """Nothing became nothing, or a number became the same number, written with other zeros."""
    if {str(before), str(after)} <= {"None", "", "{}", "[]"}:
        return True
    return before == after or str(_worded(model, name, before, None)) == str(_worded(model, name, after, None))


def _label(model: Any, name: str) -> str:
    if name in getattr(model, "half_open_ends", ()):
        return LAST_DAY
    try:
        return capfirst(str(model._meta.get_field(name).verbose_name))
    except (AttributeError, FieldDoesNotExist):
        return capfirst(name.replace("_", " "))


def _worded(model: Any, name: str, value: Any, names: Names | None) -> str:
    text = "" if value in (None, "None") else str(value)
    try:
        field = model._meta.get_field(name)
    except (AttributeError, FieldDoesNotExist):
        return text
    if text and field.many_to_one and names is not None:
        return _name_of(field.related_model, text, names)
    if text and isinstance(field, DecimalField):
        return _short_number(text)
    if text and isinstance(field, JSONField):
        return _readable_json(text)
    if text and isinstance(field, BooleanField):
        return yes_or_no(text == "True")
    if text and isinstance(field, DateTimeField):
        return when(datetime.fromisoformat(text).replace(tzinfo=UTC))  # django-auditlog writes UTC, without saying so
    if text and isinstance(field, DateField):
        day = date.fromisoformat(text)
        return last_day_text(day) if name in getattr(model, "half_open_ends", ()) else day_text(day)
    return str(dict(field.flatchoices).get(text, text))


def _readable_json(text: str) -> str:
    """With ₹ for \\u20b9."""
    try:
        return _plain(json.loads(text))
    except ValueError:
        return text


def _short_number(text: str) -> str:
    """0 for 0E-8; what was stored before the column held numbers stays as it is."""
    try:
        return short_text(Decimal(text))
    except InvalidOperation:
        return text


def _name_of(model: Any, key: str, names: Names) -> str:
    """What an object is called; its key if it is gone."""
    if (model, key) not in names:
        try:
            found = model._base_manager.filter(pk=key).first()
        except (ValueError, ValidationError):
            found = None
        names[model, key] = str(found or key)
    return names[model, key]


def _text(value: str) -> str:
    return value if isinstance(value, SafeString) else Truncator(value).chars(LONGEST_VALUE)
