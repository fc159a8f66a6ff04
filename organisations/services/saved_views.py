"""Saved views of lists: one's own, and those that colleagues who serve all customers share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.validators import require, validate_line
from organisations.models import SavedView
from organisations.models.saved_view import NAME_LENGTH, QUERY_LENGTH
from organisations.scoping import reaches_every_organisation


def views_for(user: Any) -> QuerySet[SavedView]:
    """What a user may open: their own views, and the shared ones if they serve every customer."""
    own = Q(owner=user)
    return SavedView.objects.filter(own | Q(is_shared=True) if reaches_every_organisation(user) else own)


@transaction.atomic
def save_view(*, user: Any, list_of: str, name: str, query: str, is_shared: bool, is_pinned: bool) -> SavedView:
    """Save a list as it is shown. A view of that name and list which the user has is replaced.

    Raises InvalidInput for a missing or long name, and for an address that is too long.
    """
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise InvalidInput(f"Give the view a name of at most {NAME_LENGTH} letters.")
    require("name", name, validate_line)
    if len(query) > QUERY_LENGTH:
        raise InvalidInput("These filters are too long to save.")
    is_shared = is_shared and reaches_every_organisation(user)
    view, _ = SavedView.objects.update_or_create(
        owner=user, list_of=list_of, name=name, defaults={"query": query, "is_shared": is_shared}
    )
    pin(user=user, view_id=view.pk, pinned=is_pinned)
    return view


def pin(*, user: Any, view_id: UUID, pinned: bool) -> None:
    """Show a view in the user's sidebar, or don't. Nothing happens for a view that the user may not open."""
    view = views_for(user).filter(pk=view_id).first()
    if view is not None:
        (view.pinned_by.add if pinned else view.pinned_by.remove)(user)


def delete_view(*, user: Any, view_id: UUID) -> None:
    """Only its owner's own; for others it stays."""
    SavedView.objects.filter(owner=user, pk=view_id).delete()
