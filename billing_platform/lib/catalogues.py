"""Translations: what is to be translated, in a catalogue (PO) for translators, compiled (MO) for Django.

Babel does what the gettext programs do, so that no machine needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as CatalogueMessage
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LETTERS = Path("templates/emails")
_FUNCTIONS = {"_": None, "gettext": None, "gettext_noop": None, "ngettext": (1, 2)}
_CALL = re.compile(r"""\b(?:n?gettext|_)\((?:u?'(?:\\.|[^'\\])*'|u?"(?:\\.|[^"\\])*"|[\s,\w])+\)""")

Message = str | tuple[str, ...]


def messages_in_use() -> dict[Message, list[str]]:
    """Everything to be translated, with the files that say it. A message with a plural is a pair."""
    found: dict[Message, list[str]] = {}
    for path in _sources():
        name = path.relative_to(settings.BASE_DIR).as_posix()
        for message in dict.fromkeys(_messages_of(path)):
            found.setdefault(message, []).append(name)
    return found


def updated(catalogue: Catalog) -> Catalog:
    """With the messages that are in use, and no others. A new one has no translation yet."""
    known = {message.id: message.string for message in catalogue if message.id}
    fresh = Catalog(locale=catalogue.locale, project="Metrics Billing Platform", version="1", fuzzy=False)
    fresh.last_translator = fresh.msgid_bugs_address = fresh.language_team = "translators"
    fresh.revision_date = fresh.creation_date = catalogue.creation_date
    fresh.header_comment = f"# {catalogue.locale_identifier}: words of e-mails. `make translations` finds new ones."
    for message, places in sorted(messages_in_use().items(), key=lambda item: (item[1], str(item[0]))):
        fresh.add(message, string=known.get(message), locations=[(name, 0) for name in places])
    return fresh


def untranslated(catalogue: Catalog) -> list[Message]:
    return [message.id for message in catalogue if message.id and not all(strings_of(message))]  # type: ignore[misc]


def strings_of(entry: CatalogueMessage) -> tuple[str, ...]:
    """The translation: one text, or one for each form of the plural."""
    said: Any = entry.string
    return tuple(said) if isinstance(said, tuple | list) else (said,)


def path_of(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def as_po(catalogue: Catalog) -> bytes:
    return _written(write_po, catalogue, width=110, omit_header=False, include_lineno=False)


def as_mo(catalogue: Catalog) -> bytes:
    return _written(write_mo, catalogue)


def _written(write: object, catalogue: Catalog, **options: object) -> bytes:
    file = BytesIO()
    write(file, catalogue, **options)  # type: ignore[operator]
    return file.getvalue()


def _sources() -> Iterator[Path]:
    base = Path(settings.BASE_DIR)
    yield from sorted((base / LETTERS).rglob("*.*"))
    for app in ("billing_platform", "organisations", "events", "invoicing", "payments", "reconciliation"):
        yield from (path for path in sorted((base / app).rglob("*.py")) if b"utils.translation" in path.read_bytes())


def _messages_of(path: Path) -> Iterator[Message]:
    text = path.read_text()
    if path.suffix != ".py":
        text = "\n".join(match.group(0) for match in _CALL.finditer(templatize(text)))
    for _line, message, _comments, _context in extract("python", BytesIO(text.encode()), keywords=_FUNCTIONS):
        yield tuple(message) if isinstance(message, tuple | list) else str(message)
