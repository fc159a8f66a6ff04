"""A letter: one template, `templates/emails/<app>/<kind>.html`, that says an e-mail's subject, its HTML and its text.

The template extends `frame` and fills the blocks `subject`, `gist` (what a mailbox shows beside the subject) and
`letter`, of the parts in `billing_platform/templatetags/letters.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import get_template
from django.utils import translation

from billing_platform.lib.dates_in_words import ENGLISH, HINDI, dates_in
from organisations.models import Organisation
from organisations.notifications.kinds import Audience, Kind

Language = Organisation.Language
_LANGUAGES = {Language.ENGLISH: (settings.LANGUAGE_CODE, ENGLISH), Language.HINDI: ("hi", HINDI)}
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


def render_letter(template: str, context: Mapping[str, Any], *, language: str) -> Letter:
    """The letter in a language of `Organisation.Language`. Raises TemplateDoesNotExist."""
    letter = get_template(f"emails/{template}.html")
    shared = {"site_url": settings.SITE_URL, "language": language, **context}

    def written(medium: str) -> str:
        return str(letter.render({**shared, "medium": medium, "frame": f"emails/frame.{medium}"}))

    with in_language(language):
        return Letter(
            subject=one_line(written("subject")),
            text=_BLANK_LINES.sub("\n\n", written("text")).strip() + "\n",
            html=written("html").strip() + "\n",
        )


def language_of(kind: Kind, organisation: Organisation | None) -> str:
    """Customers read their own language, sellers and operators English."""
    if organisation is None or kind.audience is not Audience.CUSTOMER:
        return Language.ENGLISH
    return organisation.language


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Words and dates are written in the language within this block."""
    locale, words = _LANGUAGES[Language(language)]
    with translation.override(locale), dates_in(words):
        yield


def one_line(subject: str) -> str:
    """A line break in a subject would start a new header."""
    return " ".join(subject.split())[:255]
