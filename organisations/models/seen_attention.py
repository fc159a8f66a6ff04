"""What a person has looked at on the front page and left as it is."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from billing_platform.lib.database.models import BaseModel


class SeenAttention(BaseModel):
    """One line of "Needs attention" that one person has seen. It counts while the line is about the very same rows,
    which the fingerprint tells: one more or one less, and the line is back. Nobody else's page changes."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="attention_seen_once_per_user_and_kind")]

    def __str__(self) -> str:
        return self.kind
