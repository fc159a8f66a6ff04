"""Marking what needs attention as seen, for oneself."""

from __future__ import annotations

from typing import Any

from organisations.models import SeenAttention


def mark_seen(*, user: Any, kind: str, fingerprint: str) -> None:
    """Leave a line out of the user's front page until it is about other rows."""
    SeenAttention.objects.update_or_create(user=user, kind=kind, defaults={"fingerprint": fingerprint})


def show_again(*, user: Any, kind: str) -> None:
    SeenAttention.objects.filter(user=user, kind=kind).delete()


def seen_by(user: Any) -> dict[str, str]:
    """The fingerprint of what a user has seen, by kind."""
    return dict(SeenAttention.objects.filter(user=user).values_list("kind", "fingerprint"))
