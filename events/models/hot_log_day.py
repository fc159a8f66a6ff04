"""What became of each day of the hot log: compared with the ledger, dropped or not."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from organisations.scoping import Actor, reaches_every_organisation


class HotLogDayQuerySet(models.QuerySet["HotLogDay"]):
    def for_organisations(self, actor: Actor) -> Self:
        """A day holds batches of all organisations: only an actor who may see every organisation may see it."""
        return self if reaches_every_organisation(actor) else self.none()

    def retained(self) -> Self:
        """Past their retention and still there."""
        return self.exclude(retained_because="")


class HotLogDay(BaseModel):
    """One UTC day of receipt. It outlives its partition, as the proof that everything in it was accounted for.

    `batches` to `dead_lettered` are what the day held when it was checked last. A replay may make a dropped day's
    partition again; then it is checked and dropped again, and `dropped_…` add up.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Not verified"
        DIFFERS = "differs", "Discrepancies"
        VERIFIED = "verified", "Verified"
        DROPPED = "dropped", "Dropped"

    day = models.DateField(unique=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.CharField(max_length=200, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True, help_text="Empty unless the last check found it right.")
    batches = models.PositiveBigIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)
    counted = models.PositiveBigIntegerField(default=0)
    duplicates = models.PositiveBigIntegerField(default=0)
    dead_lettered = models.PositiveBigIntegerField(default=0)
    discrepancies = models.PositiveBigIntegerField(default=0)
    findings = models.JSONField(default=list, blank=True, help_text="The first of the discrepancies.")
    retained_because = models.TextField(blank=True, help_text="Why it was not dropped after its retention.")
    dropped_at = models.DateTimeField(null=True, blank=True, help_text="Empty while there is a partition.")
    dropped_batches = models.PositiveBigIntegerField(default=0)
    dropped_counted = models.PositiveBigIntegerField(
        default=0, help_text="Entries of the ledger whose batch was dropped."
    )
    dropped_bytes = models.PositiveBigIntegerField(default=0)
    written_off = models.PositiveBigIntegerField(
        default=0, help_text="Discrepancies that the day was dropped with, each written off with a reason."
    )

    objects = HotLogDayQuerySet.as_manager()

    class Meta:
        verbose_name = "day accepted"
        verbose_name_plural = "days accepted"
        ordering = ["-day"]
        permissions = [("verify_hotlogday", "Can verify a day of the hot log")]
        constraints = [
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True)
                | Q(events=F("counted") + F("duplicates") + F("dead_lettered"), discrepancies=0),
                name="verified_hot_log_day_conserves_events",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at__isnull=True)
                | Q(verified_at__isnull=False, retained_because="")
                | Q(discrepancies__gt=0, written_off=F("discrepancies"), retained_because=""),
                name="hot_log_day_is_dropped_verified_or_written_off",
            ),
        ]

    def __str__(self) -> str:
        return day_text(self.day)

    @property
    def state(self) -> State:
        if self.dropped_at:
            return self.State.DROPPED
        if self.verified_at:
            return self.State.VERIFIED
        return self.State.DIFFERS if self.discrepancies else self.State.WAITING
