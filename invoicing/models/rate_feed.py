"""Where exchange rates are fetched from every day, and how that stands."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, due_index


class RateFeedQuerySet(models.QuerySet["RateFeed"]):
    def failing(self) -> RateFeedQuerySet:
        """Switched on, and the last try failed."""
        return self.filter(is_enabled=True).exclude(last_failure="")


class RateFeed(BaseModel, ClaimedWork):
    """One publisher of exchange rates. Its rates are shared by all organisations; published ones stay for ever."""

    class Name(models.TextChoices):
        FBIL = "fbil", "FBIL (RBI reference rates)"
        ECB = "ecb", "European Central Bank"

    claim_lasts: ClassVar[timedelta] = timedelta(minutes=5)
    max_attempts: ClassVar[int | None] = 8

    name = models.CharField(max_length=10, choices=Name, unique=True, editable=False)
    is_enabled = models.BooleanField("switched on", help_text="Whether its rates are fetched every day.")
    last_fetched_at = models.DateTimeField("last fetched", null=True, blank=True, editable=False)
    newest_day = models.DateField(
        "newest rate", null=True, blank=True, editable=False, help_text="The last day of which it published rates."
    )

    objects = RateFeedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [("sync_ratefeed", "Can fetch exchange rates now")]
        indexes = [due_index("rate_feed_due")]

    def __str__(self) -> str:
        return self.get_name_display()
