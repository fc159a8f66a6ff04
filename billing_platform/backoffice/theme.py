"""How the operators' admin looks: Unfold's settings, and the sidebar by operator job."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy

from billing_platform.lib.admin.contributions import Group, SidebarItem, sidebar_items


def environment(_request: HttpRequest) -> tuple[str, str]:
    """The label in the header: red where mistakes cost money."""
    name = settings.ENVIRONMENT
    return name.capitalize(), "danger" if name == "production" else "info"


def navigation(_request: HttpRequest | None = None) -> list[dict[str, Any]]:
    """The sidebar: the dashboard, then each group with what the apps put into it. Titles are the models' own names, so
    that each thing has one name on every page."""
    items = sidebar_items()
    pages = {item.address for item in items if item.page}
    front = [
        {"title": "Dashboard", "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
        {
            "title": "Set-up",
            "icon": "checklist",
            "link": reverse_lazy("admin:set_up"),
            "active": lambda request: request.path == reverse("admin:set_up"),
            "permission": "billing_platform.backoffice.set_up.is_shown",  # by name: the settings read this file
        },
    ]
    groups = [(group, [_entry(item, pages) for item in items if item.group == group]) for group in Group]
    return [
        {"items": front},
        *({"title": str(group), "items": found, "collapsible": group == Group.SYSTEM} for group, found in groups),
    ]


def _entry(item: SidebarItem, pages: set[str]) -> dict[str, Any]:
    """`pages` are the addresses that have an entry of their own, though they begin with that of a list."""
    return {
        "title": item.title,
        "icon": item.icon,
        "link": item.address,
        "active": lambda request: (
            request.path.startswith(item.address) and (item.address in pages or request.path not in pages)
        ),
        "permission": lambda request: item.is_for(request.user),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Metrics Billing",
    "SITE_HEADER": "Metrics Billing",
    "SITE_URL": None,  # the sign-in page would offer to return to itself
    "SITE_SYMBOL": "receipt_long",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("billing_platform/favicon.svg")}
    ],
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "billing_platform.backoffice.theme.environment",
    "STYLES": [lambda _request: static("billing_platform/admin.css")],
    "SCRIPTS": [
        lambda _request: static("billing_platform/named_fields.js"),
        lambda _request: static("billing_platform/narrow_tables.js"),
        lambda _request: static("billing_platform/shortcuts.js"),
    ],
    "COLORS": {
        "primary": {
            "50": "#eef5fb",
            "100": "#d9e8f5",
            "200": "#b5d2ea",
            "300": "#86b5db",
            "400": "#6ba6dd",
            "500": "#4f93d2",
            "600": "#285f95",
            "700": "#1f4e79",
            "800": "#1b4063",
            "900": "#193753",
            "950": "#102338",
        }
    },
    "ACCOUNT": {"navigation": [{"title": "Daily digest", "link": reverse_lazy("admin:digest")}]},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": navigation},
}
