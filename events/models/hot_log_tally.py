"""What a day of the hot log held of each customer: it stays when the day is dropped."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from organisations.models import Organisation
from organisations.scoping import TenantModel


class HotLogTally(BaseModel, TenantModel):
    """Written by the statement before the one that drops the day. A replay may make a dropped day again, which is
    dropped again: then there is another row, and they add up.

    `events` came with requests, `replayed` are dead letters on their way back, which were received before: what became
    of both is counted, a duplicate, or a dead letter.
    """

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    day = models.DateField(help_text="UTC day of receipt.")
    dropped_at = models.DateTimeField()
    batches = models.PositiveBigIntegerField()
    events = models.PositiveBigIntegerField()
    replayed = models.PositiveBigIntegerField()
    counted = models.PositiveBigIntegerField()
    duplicates = models.PositiveBigIntegerField()
    dead_lettered = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = "tally of a dropped day"
        verbose_name_plural = "tallies of dropped days"
        ordering = ["-day"]
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["organisation", "day", "dropped_at"], name="hot_log_tally_once_a_drop"),
            models.CheckConstraint(
                condition=Q(counted=F("events") + F("replayed") - F("duplicates") - F("dead_lettered")),
                name="hot_log_tally_conserves_events",
            ),
        ]
        indexes = [models.Index(fields=["day"], name="hot_log_tally_by_day")]

    def __str__(self) -> str:
        return day_text(self.day)
