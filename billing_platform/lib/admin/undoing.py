"""The way back from an act that can be reversed: the message that says what was done has a button that reverses it.

A handler of an action gives an `Undoable`. The button posts the reversing action with its answers, as its own page
would: permission, state and form are asked again, and the log has an entry of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

from django.db.models import Model
from django.http import HttpRequest

from billing_platform.lib.admin.display import action_url

_TAG = "undo:"


@dataclass(frozen=True)
class Undoable:
    """What was done, and what reverses it: an action of the page of `target`, with the answers to its form."""

    said: str
    target: Model
    action: str
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    """One more try of the same button is told from another act by `once`, as on the pages that ask."""

    url: str
    answers: list[tuple[str, str]]
    once: UUID


def tag_of(site: Any, request: HttpRequest, done: Undoable) -> str:
    """Travels with the message; empty for a user who may not do the reversing act."""
    page = site._registry[type(done.target)]
    action = page.admin_actions[done.action]
    if not (page.has_view_permission(request, done.target) and page.may_act(request, action, done.target)):
        return ""
    given = {name: value for name, value in done.answers.items() if value not in (None, "")}
    return f"{_TAG}{action_url(done.target, done.action)}?{urlencode(given)}"


def button_of(message: Any) -> Button | None:
    tag = str(getattr(message, "extra_tags", None) or "")
    if not tag.startswith(_TAG):
        return None
    url, _, answers = tag.removeprefix(_TAG).partition("?")
    return Button(url, parse_qsl(answers), uuid4())
