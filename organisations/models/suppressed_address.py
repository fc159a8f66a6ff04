"""Addresses that nothing is e-mailed to: they bounced, or somebody there complained."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import REASON_LENGTH
from organisations.models.notification import Notification


class SuppressedAddress(BaseModel):
    """One row for each time that an address was suppressed, until somebody allows it again.

    It holds for the whole platform: all e-mails leave by one sending domain, whose name suffers with each message to an
    address that does not exist, whichever customer named it.
    """

    class Reason(models.TextChoices):
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Complained"

    address = models.CharField(max_length=254, help_text="In small letters.")
    reason = models.CharField(max_length=10, choices=Reason)
    since = models.DateTimeField(default=clock.now)
    detail = models.TextField("what was said", blank=True)
    notification = models.ForeignKey(
        Notification, verbose_name="e-mail", on_delete=models.PROTECT, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField("allowed again", null=True, blank=True)
    lifted_by = models.CharField("allowed by", max_length=200, blank=True)
    lifted_because = models.CharField("because", max_length=REASON_LENGTH, blank=True)

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering = ["-since"]
        permissions = [("lift_suppressedaddress", "Can allow a suppressed address again")]
        constraints = [
            models.UniqueConstraint(
                fields=["address"], condition=Q(lifted_at__isnull=True), name="address_is_suppressed_once"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by="", lifted_because="")
                | (Q(lifted_at__isnull=False) & ~Q(lifted_because="")),
                name="address_is_allowed_again_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def sentence(self) -> str:
        """Why nothing is sent there: "a@x.example bounced on 3 Nov 2026"."""
        return f"{self.address} {self.get_reason_display().lower()} on {day_text(self.since.date())}"
