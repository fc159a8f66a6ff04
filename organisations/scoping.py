"""Tenant isolation: which organisations an actor reaches, and the queryset that filters rows by them.

An actor is a Django user, an ApiKey, a PortalLink or OneCustomer. Admin pages, API views, exports and the portal all
call `for_organisations(actor)`; none of them writes a filter by organisation of its own.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias
from uuid import UUID

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from organisations.models import ApiKey, PortalLink

Actor: TypeAlias = "AbstractBaseUser | AnonymousUser | ApiKey | PortalLink | OneCustomer"


class EveryOrganisation(enum.Enum):
    """The type of EVERY_ORGANISATION. As a truth value, a set or an iterable it raises TypeError: compare with `is`."""

    EVERY_ORGANISATION = "every organisation"

    def __bool__(self) -> bool:
        raise TypeError("Every organisation is neither true nor false: compare with `is EVERY_ORGANISATION`.")


EVERY_ORGANISATION: Final = EveryOrganisation.EVERY_ORGANISATION

Reach: TypeAlias = "set[UUID] | Literal[EveryOrganisation.EVERY_ORGANISATION]"


@dataclass
class OneCustomer:
    """Reaches the rows of one customer and nothing else: an operator who looks at that customer's portal."""

    organisation_id: UUID

    def organisations_of_key(self) -> Reach:
        return {self.organisation_id}


def reachable_organisations(actor: Actor) -> Reach:
    """The ids of the organisations whose rows an actor may see, or EVERY_ORGANISATION.

    A project key reaches the organisation of its project, an admin key what its owner reaches, a portal link its
    customer. A user reaches the organisations of his or her memberships; superusers, and users with a membership for
    all, reach every organisation.
    Anyone else reaches none: the set is empty. The answer is read once per actor object, which lives for one request.
    """
    known: Reach | None = getattr(actor, "_reachable_organisations", None)
    if known is None:
        known = _read_reachable(actor)
        actor._reachable_organisations = known  # type: ignore[union-attr]  # remembered on whoever asks
    return known


def reaches_every_organisation(actor: Actor) -> bool:
    """Whether an actor may see rows that tell of all organisations at once, such as how many invoices there are."""
    return reachable_organisations(actor) is EVERY_ORGANISATION


def _read_reachable(actor: Actor) -> Reach:
    if hasattr(actor, "organisations_of_key"):
        return actor.organisations_of_key()
    if not actor.is_authenticated or not actor.is_active:
        return set()
    if getattr(actor, "is_superuser", False):
        return EVERY_ORGANISATION
    ids = set(actor.memberships.values_list("organisation_id", flat=True))  # type: ignore[attr-defined]  # a user has them
    return EVERY_ORGANISATION if None in ids else ids


class TenantQuerySet(models.QuerySet[Any]):
    """A queryset of rows that belong to organisations.

    `tenant_path` of the model is the look-up path to the organisation, such as `project__organisation`. A model with
    `tenant_shared = True` may have rows without organisation, which belong to all (a global price rule).
    """

    def for_organisations(self, actor: Actor) -> Self:
        """The rows that an actor may see."""
        reachable = reachable_organisations(actor)
        if reachable is EVERY_ORGANISATION:
            return self
        path: str = self.model.tenant_path
        allowed = Q(**{f"{path}__in": reachable})
        if getattr(self.model, "tenant_shared", False):
            allowed |= Q(**{f"{path}__isnull": True})
        return self.filter(allowed)

    def real(self) -> Self:
        """Without the rows of test customers: for whatever adds up, returns, reports, or is done by itself."""
        path: str = self.model.tenant_path
        if path == "id":
            return self.filter(is_test=False)
        return self.exclude(**{f"{path}__is_test": True})


class TenantModel(models.Model):
    """Mixin: rows of one organisation; with `tenant_shared`, also rows without organisation, which all may see."""

    tenant_path = "organisation"
    tenant_shared = False

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True

    def get_additional_data(self) -> dict[str, str | None]:
        """The organisation of the row, which django-auditlog stores with a change: the log is scoped by it."""
        owner: Any = self
        for step in type(self).tenant_path.split("__"):
            owner = getattr(owner, f"{step}_id" if step == "organisation" else step, None)
        return {"organisation": str(owner) if owner else None}
