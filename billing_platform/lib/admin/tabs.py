"""The page of an object in tabs: each tab has an address of its own, and asks only what it shows.

class ContactsOfCustomer(Extension):
    tabs = (Tab("people", "People", "organisations.view_contact", 3, lists=((Contact, "organisation__id__exact"),)),)

The page itself is the first tab, `overview`; the form is the tab `details`. Any app adds panels to any tab.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Model

OVERVIEW, DETAILS, HISTORY = "overview", "details", "history"


@dataclass(frozen=True)
class Tab:
    """One tab: its name in the address, what it is called, who may see it, and its place in the strip.

    It shows the newest rows of `lists`, then the panels of the extensions, and the buttons of the actions in `actions`.
    With `page`, it is the object's page of that name, in place of one of its own.
    """

    name: str
    label: str
    permission: str
    place: int
    lists: tuple[tuple[type[Model], str], ...] = ()
    actions: tuple[str, ...] = ()
    page: str = ""


@dataclass(frozen=True)
class Panel:
    """A part of a tab. `href` is the list or page behind it."""

    title: str
    body: Any
    href: str = ""
    note: str = ""
    is_wide: bool = False
