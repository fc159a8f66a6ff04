"""Mark lines of "Needs attention" as seen, for one user."""

from __future__ import annotations

from typing import Any

from organisations.models import SeenAttention


def mark_seen(*, user: Any, kind: str, fingerprint: str) -> None:
    """Hide a line from the user's dashboard until the line is about other rows."""
    SeenAttention.objects.update_or_create(user=user, kind=kind, defaults={"fingerprint": fingerprint})


def show_again(*, user: Any, kind: str) -> None:
    SeenAttention.objects.filter(user=user, kind=kind).delete()


def seen_by(user: Any) -> dict[str, str]:
    """The fingerprints of the lines that a user has marked as seen, by kind of line."""
    return dict(SeenAttention.objects.filter(user=user).values_list("kind", "fingerprint"))
