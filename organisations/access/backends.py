"""Answers `has_perm` from memberships: a role's group has the permissions, a membership says for which organisation."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from organisations.models import Membership, Organisation


class MembershipBackend(ModelBackend):
    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether the user has a permission: for any organisation, or, with an object, for that object's organisation.

        An object without organisation (a global price) may be seen by any member; to change it, a user needs a
        membership for every organisation.
        """
        if not user_obj.is_active or user_obj.is_anonymous:
            return False
        if user_obj.is_superuser:
            return True
        granted = _permissions_by_organisation(user_obj)
        if perm in granted.get(None, ()):
            return True
        if obj is None or (organisation_id_of(obj) is None and perm.partition(".")[2].startswith("view_")):
            return any(perm in permissions for permissions in granted.values())
        return perm in granted.get(organisation_id_of(obj), ())

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        return set().union(*_permissions_by_organisation(user_obj).values())

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        if user_obj.is_superuser and user_obj.is_active:
            return True
        return any(permission.startswith(f"{app_label}.") for permission in self.get_all_permissions(user_obj))


def would_lose_access(user: Any) -> bool:
    """Whether the changes of this transaction take away a user's own access to the admin, or a permission that the user
    had for every organisation. `user` is the object that was read when the request began."""
    now = get_user_model().objects.get(pk=user.pk)
    if not (now.is_active and now.is_staff):
        return True
    if user.is_superuser:
        return not now.is_superuser
    before, after = (_permissions_by_organisation(each).get(None, set()) for each in (user, now))
    return bool(before - after)


def organisation_id_of(obj: Any) -> Any:
    """The id of the organisation that an object belongs to, by its model's `tenant_path`; None for a shared object."""
    if isinstance(obj, Organisation):
        return obj.pk
    for step in getattr(type(obj), "tenant_path", "").split("__"):
        if obj is None or not step:
            return None
        obj = getattr(obj, f"{step}_id") if step == "organisation" else _related(obj, step)
    return obj


def _related(obj: Any, step: str) -> Any:
    """None for an object that is not stored and names none yet: such as the one that stands for a whole list."""
    return getattr(obj, step) if getattr(obj, f"{step}_id") is not None else None


def _permissions_by_organisation(user: Any) -> dict[Any, set[str]]:
    """Permissions by organisation id; None stands for every organisation. Read once per user object (one request)."""
    known: dict[Any, set[str]] | None = getattr(user, "_membership_permissions", None)
    if known is None:
        known = {}
        roles: dict[str, set[str]] = {}
        for organisation_id, role in Membership.objects.filter(user=user).values_list("organisation_id", "role"):
            if role not in roles:
                rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
                roles[role] = {f"{app}.{codename}" for app, codename in rows}
            known.setdefault(organisation_id, set()).update(roles[role])
        user._membership_permissions = known
    return known
