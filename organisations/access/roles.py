"""Viewer, operator, admin: each a Django group with its permissions, set anew at every migration.

Admin pages and API ask the same `user.has_perm(permission, object)`; organisations.access.backends answers it from the
user's memberships. Viewers see everything, operators do what the apps' `backoffice` modules name, admins do everything.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_migrate

from billing_platform.lib.admin.contributions import contributions, our_apps
from organisations.models import Membership

Role = Membership.Role


def register() -> None:
    """Set the groups' permissions: after migrations, when new permissions may exist."""
    for config in our_apps():
        post_migrate.connect(
            sync_groups,
            sender=config,
            dispatch_uid=f"organisations.access.roles.sync_groups.{config.label}",
        )


def sync_groups(**_: Any) -> None:
    """Give each role's group its permissions, no more and no fewer."""
    permissions = list(Permission.objects.select_related("content_type"))
    for role in Role.values:
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set([permission for permission in permissions if grants(role, permission)])


def grants(role: str, permission: Permission) -> bool:
    """Whether a role holds a permission."""
    app, codename = permission.content_type.app_label, permission.codename
    if app not in contributions():
        return role == Role.ADMIN and app in _third_parties()
    return (
        role == Role.ADMIN
        or codename.startswith("view_")
        or (role == Role.OPERATOR and codename in contributions()[app].operators_may)
    )


def _third_parties() -> set[str]:
    return {label for each in contributions().values() for label in each.administers}
