"""What an app adds to the pages that all apps share: a `Contribution` in the module `backoffice` of the app.

Each app writes `BACKOFFICE = Contribution(…)`. The root collects the sidebar and what needs attention, organisations
the roles and the audit log. So a new feature names itself in its own app, and edits none to its left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache, cached_property
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from django.apps import AppConfig, apps
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.text import capfirst

from billing_platform.lib.admin.finding import Finds
from billing_platform.lib.admin.set_up import Step
from billing_platform.lib.admin.timeline import Tells

ROOT = __name__.partition(".")[0]
Models = frozenset[type[Model]]
Fields = Mapping[type[Model], tuple[str, ...]]


class Group(StrEnum):
    """The groups of the sidebar, in its order: by what an operator is doing, the daily work first."""

    CUSTOMERS = "Customers"
    INVOICES = "Invoices"
    PAYMENTS = "Payments"
    ACCOUNTS = "Accounts"
    RECONCILIATION = "Reconciliation"
    USAGE = "Usage"
    PRICES = "Prices and rates"
    PEOPLE = "People"
    SYSTEM = "System"


class Urgency(IntEnum):
    """The order on the dashboard: money first, then the rest of billing, technical things apart."""

    MONEY = 1
    BILLING = 2
    TECHNICAL = 3


@dataclass(frozen=True)
class SidebarItem:
    """A list in the sidebar, for users who may see its model, if `shown_to(user)` is true. With `page`, the page of
    that name above the list instead of the list, and what it is called. With `key`, the letter that leads there after
    a G."""

    group: Group
    model: type[Model]
    icon: str
    shown_to: Callable[[Any], bool] = lambda _user: True
    page: str = ""
    page_title: str = ""
    key: str = ""

    @cached_property
    def title(self) -> str:
        return self.page_title or list_title(self.model)

    @cached_property
    def address(self) -> str:
        return page_address(self.model, self.page) if self.page else list_address(self.model)

    def is_for(self, user: Any) -> bool:
        """Whether the sidebar shows it to the user."""
        return bool(user.has_perm(view_permission(self.model))) and self.shown_to(user)


@dataclass(frozen=True)
class Waits:
    """A kind of row that waits for a person. `rows(user)` are those of the user's organisations.

    `model` and `filters` name the list that shows exactly these rows. The dashboard shows the kind to users who may
    see that list and hold the permission `also_needs`. It sums the expression `amount` by currency, shows the age of
    the oldest row by the column `since`, and lists the values of the column `named`. The expression `owner` names the
    person who has a row in hand; empty: rows of this kind can't be given to anybody. `more(user)` says what no row
    tells; it is asked only if there are rows. `ever(user)` are all rows of the kind, also those that were mended: by
    them and the column `since`, the dashboard says how many came lately.
    """

    kind: str
    one: str
    many: str
    rows: Callable[[Any], QuerySet[Any]]
    model: type[Model]
    filters: Mapping[str, str]
    urgency: Urgency
    also_needs: str = ""
    amount: Any = None
    since: str = ""
    named: str = ""
    owner: str = ""
    more: Callable[[Any], tuple[str, ...]] = lambda _user: ()
    ever: Callable[[Any], QuerySet[Any]] | None = None

    def concerns(self, user: Any) -> bool:
        needed = (view_permission(self.model), *([self.also_needs] if self.also_needs else []))
        return all(user.has_perm(permission) for permission in needed)

    @property
    def href(self) -> str:
        return list_address(self.model, **self.filters)


@dataclass(frozen=True)
class Verb:
    """The button beside what waits: what mends it, for users who hold the permission. It leads to the page of the
    action `action` about exactly the rows that wait, such as the preview of a bulk job. Without one it leads to their
    list: there each row has its own button."""

    label: str
    permission: str
    action: str = ""

    def href(self, kind: Waits) -> str:
        if not self.action:
            return kind.href
        return f"{page_address(kind.model, self.action)}?{urlencode(kind.filters)}".rstrip("?")


@dataclass(frozen=True)
class Contribution:
    """Everything an app adds to shared pages. Empty: nothing."""

    sidebar: tuple[SidebarItem, ...] = ()
    waits: tuple[Waits, ...] = ()
    mends: Mapping[str, Verb] = field(default_factory=dict)
    """By the kind of what waits, also of an app to the left."""
    finds: tuple[Finds, ...] = ()
    tells: tuple[Tells, ...] = ()
    set_up: Callable[[], Iterable[Step]] = tuple
    """The lines of the set-up checklist, asked about the default seller in a constant number of queries."""
    operators_may: frozenset[str] = frozenset()
    """Codenames of the app's permissions that operators hold, beside seeing everything."""
    administers: tuple[str, ...] = ()
    """Labels of third-party apps whose pages this app shows: admins hold all of their permissions."""
    also_watched: Models = frozenset()
    """Models of third parties whose changes are written to the audit log."""
    unwatched: Models = frozenset()
    """Models of the app that the audit log leaves out. Machines write their rows in bulk, and triggers protect them:
    an entry for each row would say nothing new."""
    masked: Fields = field(default_factory=dict)
    """Columns whose values never stand in the audit log."""
    unlogged: Fields = field(default_factory=dict)
    """Columns that change with every use, and say nothing about what a person did."""


def our_apps() -> list[AppConfig]:
    """Our installed apps from left to right, the root last: it is made of the others."""
    ours = [config for config in apps.get_app_configs() if _module_of(config)]
    return sorted(ours, key=lambda config: config.name == ROOT)


@cache
def contributions() -> dict[str, Contribution]:
    """What each app adds, by the app's label, from left to right. Asked once all models are loaded."""
    return {config.label: import_module(_module_of(config)).BACKOFFICE for config in our_apps()}


def sidebar_items() -> list[SidebarItem]:
    return [item for each in contributions().values() for item in each.sidebar]


def list_named(label: str) -> type[Model] | None:
    """The model of a list in the sidebar, such as "invoicing.invoice"; None if there is no such list (any more)."""
    return next((item.model for item in sidebar_items() if item.model._meta.label_lower == label), None)


def waiting_kinds() -> list[Waits]:
    """In the order of the dashboard."""
    kinds = [kind for each in contributions().values() for kind in each.waits]
    return sorted(kinds, key=lambda kind: kind.urgency)


@cache
def verbs() -> dict[str, Verb]:
    """What mends each kind of thing that waits. An app to the right may know better than the kind's own."""
    return {kind: verb for each in contributions().values() for kind, verb in each.mends.items()}


def kinds_to_find() -> list[Finds]:
    """In the order of their apps, those that cost more last."""
    kinds = [kind for each in contributions().values() for kind in each.finds]
    return sorted(kinds, key=lambda kind: kind.is_last_resort)


def kinds_told() -> list[Tells]:
    """In the order of their apps."""
    return [kind for each in contributions().values() for kind in each.tells]


def view_permission(model: type[Model]) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


def list_title(model: type[Model]) -> str:
    """What a model's rows are called together, as written on the model: each thing has one name on every page."""
    return str(capfirst(str(model._meta.verbose_name_plural)))


def list_address(model: type[Model], **filters: str) -> str:
    """The address of a model's list on the admin site, narrowed by filters."""
    query = "&".join(f"{key}={value}" for key, value in filters.items())
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return address + (f"?{query}" if query else "")


def page_address(model: type[Model], page: str) -> str:
    """The address of a page above a model's list (`list_page`)."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_list_action", args=[page])


def _module_of(config: AppConfig) -> str:
    """Said by the app's configuration, which Django reads before any model."""
    return str(getattr(config, "backoffice", ""))
