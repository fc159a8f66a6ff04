"""Find anything (Ctrl-K): rows by their numbers and names, pages of the sidebar, and what one can do on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from billing_platform.backoffice import set_up
from billing_platform.lib.admin.contributions import kinds_to_find, list_title, sidebar_items
from billing_platform.lib.admin.display import admin_url

SHORTEST, LONGEST = 2, 200
MOST_PAGES = 12


@dataclass(frozen=True)
class Found:
    """One line of the answer, as the theme's template shows it."""

    title: str
    description: str
    link: str
    icon: str


def find(site: AdminSite, request: HttpRequest, text: str) -> list[Found]:
    """What the text names, for one user: rows first, then pages and actions. Text may be a number, an id of ours or of
    Razorpay's, a GSTIN, a UTR, an address, a part of a name, or words of a page's title."""
    text = text.strip()[:LONGEST]
    if len(text) < SHORTEST or "\x00" in text:
        return []
    return [*_rows(site, request, text), *list(_pages(site, request, text))[:MOST_PAGES]]


def _rows(site: AdminSite, request: HttpRequest, text: str) -> list[Found]:
    found: list[Found] = []
    for kind in kinds_to_find():
        page = site._registry.get(kind.model)
        if page is None or not page.has_view_permission(request) or (kind.is_last_resort and found):
            continue
        found += [
            Found(kind.name(row), kind.about(row), admin_url(row), kind.icon) for row in kind.rows(page, request, text)
        ]
    return found


def _pages(site: AdminSite, request: HttpRequest, text: str) -> Iterator[Found]:
    """Pages of the sidebar, then what can be added or done, where each word of the text stands in the title."""
    words = text.lower().split()
    for page in (*_sidebar(request), *_actions(site, request)):
        if all(word in f"{page.title} {page.description}".lower() for word in words):
            yield page


def _sidebar(request: HttpRequest) -> Iterator[Found]:
    yield Found("Dashboard", "Page", reverse("admin:index"), "space_dashboard")
    user: Any = request.user
    if set_up.may_see(user):
        yield Found("Set-up", "Page", reverse("admin:set_up"), "checklist")
    for item in sidebar_items():
        if item.is_for(user):
            yield Found(item.title, "Page", item.address, item.icon)


def shortcuts(request: HttpRequest) -> list[tuple[str, str, str]]:
    """The pages that a letter after a G leads to: letter, title and address."""
    user: Any = request.user
    pages = [("d", "Dashboard", reverse("admin:index"))]
    return pages + [(item.key, item.title, item.address) for item in sidebar_items() if item.key and item.is_for(user)]


def _actions(site: AdminSite, request: HttpRequest) -> Iterator[Found]:
    listed = {item.model: item for item in sidebar_items()}
    for model, page in site._registry.items():
        if model not in listed or not page.has_view_permission(request):
            continue
        if page.has_add_permission(request):
            meta = model._meta
            address = reverse(f"admin:{meta.app_label}_{meta.model_name}_add")
            yield Found(f"Add {meta.verbose_name}", list_title(model), address, "add")
        for button in getattr(page, "buttons", lambda _request: ())(request):
            yield Found(capfirst(button["label"]), list_title(model), button["url"], button["icon"])
