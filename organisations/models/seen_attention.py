"""Lines of "Needs attention" that a user has marked as seen."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from billing_platform.lib.database.models import BaseModel


class SeenAttention(BaseModel):
    """One line that one user has marked as seen. The mark holds while the line is about exactly the same rows; the
    fingerprint of the rows tells. Other users still see the line."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="attention_seen_once_per_user_and_kind")]

    def __str__(self) -> str:
        return self.kind
