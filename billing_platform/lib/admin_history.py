"""What became of one object: its audit entries, made readable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.utils.text import Truncator, capfirst

MOST_ENTRIES = 200
LONGEST_VALUE = 300


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
    changes: tuple[Change, ...]


def history_of(obj: Any) -> list[HistoryEntry]:
    """The newest entries first."""
    entries = (
        LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(obj), object_pk=str(obj.pk))
        .select_related("actor", "content_type")
        .order_by("-timestamp")[:MOST_ENTRIES]
    )
    return [readable(entry) for entry in entries]


def readable(entry: Any) -> HistoryEntry:
    """An audit entry in words."""
    extra = entry.additional_data or {}
    return HistoryEntry(
        at=entry.timestamp,
        action=capfirst(entry.get_action_display()),
        who=who_did(entry),
        source=extra.get("source", ""),
        address=entry.remote_addr or "",
        request_id=entry.cid or "",
        changes=tuple(changes_of(entry)),
    )


def who_did(entry: Any) -> str:
    """The person, with the key that spoke for them; or the job, which has no person."""
    extra = entry.additional_data or {}
    person = str(entry.actor) if entry.actor else (entry.actor_email or "")
    key = extra.get("api_key_name", "")
    if key:
        return f"{person or 'Project'}, by key {key}"
    return person or "The system"


def changes_of(entry: Any) -> Iterator[Change]:
    """Each field that changed, before and after, by the names that people know."""
    model = entry.content_type.model_class()
    for name, values in (entry.changes or {}).items():
        label = _label(model, name)
        if isinstance(values, dict):  # a many-to-many change
            yield Change(label, "", _text(f"{values.get('operation', '')}: {', '.join(values.get('objects', []))}"))
        else:
            before, after = values
            yield Change(label, _text(_worded(model, name, before)), _text(_worded(model, name, after)))


def _label(model: Any, name: str) -> str:
    try:
        return capfirst(str(model._meta.get_field(name).verbose_name))
    except (AttributeError, FieldDoesNotExist):
        return capfirst(name.replace("_", " "))


def _worded(model: Any, name: str, value: Any) -> str:
    text = "" if value in (None, "None") else str(value)
    try:
        return str(dict(model._meta.get_field(name).flatchoices).get(text, text))
    except (AttributeError, FieldDoesNotExist):
        return text


def _text(value: str) -> str:
    return Truncator(value).chars(LONGEST_VALUE)
