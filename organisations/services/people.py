"""Store who may sign in, and which role a user holds for which organisation."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from organisations.models import Membership


@transaction.atomic
def save_user(*, user: Any) -> None:
    """Store a user whose form was checked. The password is hashed already."""
    user.save()


@transaction.atomic
def save_membership(*, membership: Membership) -> None:
    """Give a user a role for an organisation, or for every one, or change it. Raises ValidationError."""
    membership.full_clean()
    membership.save()


@transaction.atomic
def remove_membership(*, membership: Membership) -> None:
    """The user loses the role with the next request."""
    membership.delete()
