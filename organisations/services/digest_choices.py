"""Who gets the daily digest of what waits for a person."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from organisations.models import DigestChoice


def choice_of(user: Any) -> DigestChoice:
    """What the user has chosen, or what holds for who has chosen nothing."""
    return DigestChoice.objects.filter(user=user).first() or DigestChoice(user=user)


def choose(*, user: Any, is_on: bool, when_nothing_waits: bool) -> DigestChoice:
    chosen, _made = DigestChoice.objects.update_or_create(
        user=user, defaults={"is_on": is_on, "when_nothing_waits": when_nothing_waits}
    )
    return chosen


def digest_readers() -> QuerySet[Any]:
    """The users who may sign in to the admin, have an address, and have not switched the digest off."""
    people = get_user_model().objects.filter(is_active=True, is_staff=True)
    return people.exclude(email="").exclude(digest_choice__is_on=False).order_by("pk")
