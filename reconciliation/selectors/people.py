"""Who may decide about discrepancies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q, QuerySet

from organisations.models import Membership


def who_may_resolve(organisation_ids: Collection[UUID | None]) -> QuerySet[Any]:
    """The users who may decide about discrepancies of all these customers; None stands for what is everybody's."""
    roles = Group.objects.filter(permissions__codename="resolve_discrepancy").values("name")
    members = Membership.objects.filter(user=OuterRef("pk"), role__in=roles)
    may: Any = Q(is_superuser=True) | Exists(members.filter(organisation__isnull=True))
    if len({*organisation_ids}) == 1:
        (only,) = {*organisation_ids}
        may |= Exists(members.filter(organisation=only)) if only is not None else Q(pk__in=[])
    return get_user_model().objects.filter(may, is_active=True, is_staff=True).order_by("username")
