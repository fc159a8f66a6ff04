"""Tenant isolation, in the one place that decides it: which organisations an actor reaches, and the queryset that asks.

An actor is a Django user or an ApiKey. Admin pages, API views and exports all call `for_organisations(actor)`;
nobody writes an organisation filter of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeAlias

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from organisations.models import ApiKey

Actor: TypeAlias = "AbstractBaseUser | AnonymousUser | ApiKey"

ALL = None
"""What `reachable_organisations` answers for an actor that is limited to no organisation."""


def reachable_organisations(actor: Actor) -> set[Any] | None:
    """The ids of the organisations an actor reaches, or ALL. Project keys reach their own; nobody else's.

    Read once per actor object: an actor lives for one request.
    """
    known: set[Any] | object | None = getattr(actor, "_reachable_organisations", _UNREAD)
    if known is _UNREAD:
        known = _read_reachable(actor)
        actor._reachable_organisations = known  # type: ignore[union-attr]
    return known  # type: ignore[return-value]


_UNREAD = object()


def _read_reachable(actor: Actor) -> set[Any] | None:
    if hasattr(actor, "organisations_of_key"):
        return actor.organisations_of_key()
    if not actor.is_authenticated or not actor.is_active:
        return set()
    if getattr(actor, "is_superuser", False):
        return ALL
    ids = set(actor.memberships.values_list("organisation_id", flat=True))  # type: ignore[attr-defined]
    return ALL if None in ids else ids


class TenantQuerySet(models.QuerySet[Any]):
    """A queryset of rows that belong to organisations.

    The model names the way to its organisation in `tenant_path` (a look-up path such as `project__organisation`),
    and sets `tenant_shared = True` where a row without organisation is meant for all (a global price rule).
    """

    def for_organisations(self, actor: Actor) -> Self:
        """The rows an actor may see."""
        reachable = reachable_organisations(actor)
        if reachable is ALL:
            return self
        path: str = self.model.tenant_path
        allowed = Q(**{f"{path}__in": reachable})
        if getattr(self.model, "tenant_shared", False):
            allowed |= Q(**{f"{path}__isnull": True})
        return self.filter(allowed)


class TenantModel(models.Model):
    """Mixin: rows of one organisation, or of none and then shared by all if `tenant_shared`."""

    tenant_path = "organisation"
    tenant_shared = False

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True

    def get_additional_data(self) -> dict[str, str | None]:
        """What django-auditlog stores beside a change: whose row it was, so that the log is scoped like the row."""
        owner: Any = self
        for step in type(self).tenant_path.split("__"):
            owner = getattr(owner, f"{step}_id" if step == "organisation" else step, None)
        return {"organisation": str(owner) if owner else None}
