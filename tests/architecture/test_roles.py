"""The table of roles in docs/security.md is what the code grants."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.utils.text import capfirst

from billing_platform.lib.admin.contributions import contributions
from organisations.access.roles import grants
from organisations.models import Membership
from tests.architecture.code import ROOT

pytestmark = pytest.mark.django_db
ROLES = Membership.Role.values


def _row(what: str, permissions: str, held: list[bool]) -> str:
    return f"| {what} | {permissions} | {' | '.join('yes' if each else '–' for each in held)} |"


def _everything() -> Iterator[Permission]:
    """The permissions that some role holds: of our apps, and of the third-party models on our pages."""
    labels = {*contributions(), *(label for each in contributions().values() for label in each.administers)}
    order = list(contributions())
    found = Permission.objects.select_related("content_type").filter(content_type__app_label__in=labels)
    return iter(sorted(found, key=lambda each: (_place(order, each), each.content_type.model, each.codename)))


def _place(order: list[str], permission: Permission) -> int:
    label = permission.content_type.app_label
    return order.index(label) if label in order else len(order)


def _has_a_row(permission: Permission) -> bool:
    """A verb of its own, or more than the rule "see everything, change nothing" gives to an operator."""
    model = permission.content_type.model_class()
    label = permission.content_type.app_label
    verbs = {code for code, _name in model._meta.permissions} if model else set()
    return permission.codename in verbs or permission.codename in (
        contributions()[label].operators_may if label in contributions() else ()
    )


def _table() -> list[str]:
    """The whole table; each permission stands in one row of it."""
    rows: dict[str, list[bool]] = {}
    rest: dict[str, set[tuple[bool, ...]]] = {"ours": set(), "seen": set(), "others": set()}
    for permission in _everything():
        held = [grants(role, permission) for role in ROLES]
        app, code = permission.content_type.app_label, permission.codename
        if _has_a_row(permission):
            rows[_row(capfirst(permission.name.removeprefix("Can ")), f"`{app}.{code}`", held)] = held
        else:
            kind = "others" if app not in contributions() else "seen" if code.startswith("view_") else "ours"
            rest[kind].add(tuple(held))
    assert all(len(found) == 1 for found in rest.values()), f"some permissions of a kind differ from the rest: {rest}"
    others = ", ".join(f"`{label}.*`" for each in contributions().values() for label in each.administers)
    return [
        f"| may | permission | {' | '.join(ROLES)} |",
        f"|---|---|{'---|' * len(ROLES)}",
        _row("See every list, page and report", "`<app>.view_*`", list(*rest["seen"])),
        *rows,
        _row("Add, change and delete anything else", "`<app>.add_*`, `change_*`, `delete_*`", list(*rest["ours"])),
        _row("Users, periodic tasks", others, list(*rest["others"])),
    ]


def test_the_table_of_roles_is_what_the_code_grants() -> None:
    section = (ROOT / "docs/security.md").read_text(encoding="utf-8").partition("## Roles")[2].partition("\n## ")[0]
    table = _table()
    written = [line for line in section.splitlines() if line.startswith("|")]
    assert written == table, "docs/security.md should say:\n" + "\n".join(table)


def test_every_permission_of_operators_exists() -> None:
    known = {(each.content_type.app_label, each.codename) for each in _everything()}
    named = {(label, code) for label, each in contributions().items() for code in each.operators_may}
    assert named <= known
    assert set(contributions()) <= {config.label for config in apps.get_app_configs()}
