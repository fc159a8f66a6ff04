"""Why an invoice is not asked for again for a time: its customer promised to pay, or a person wants quiet."""

from __future__ import annotations

from datetime import date
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Exists, OuterRef, Q

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_line
from invoicing.models import Invoice, InvoiceQuestion
from organisations.scoping import TenantModel, TenantQuerySet


class ReminderPauseQuerySet(TenantQuerySet):
    def standing(self, today: date) -> Self:
        """Those that still keep anybody from asking on a day; the last day itself is included."""
        return self.filter(Q(last_day__isnull=True) | Q(last_day__gte=today), ended_at__isnull=True)


def paused(today: date) -> Exists:
    """For querysets of invoices: nobody asks for it again on that day."""
    return Exists(ReminderPause.objects.standing(today).filter(invoice=OuterRef("pk")))


class ReminderPause(BaseModel, TenantModel):
    """At most one that nobody has ended, for each invoice. It is over by itself when its last day is over; a promise
    whose day passed without money is a broken one. Rows stay as the record of who said what."""

    class Kind(models.TextChoices):
        PROMISE = "promise", "Promise to pay"
        PAUSE = "pause", "Pause"

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="reminder_pauses")
    kind = models.CharField(max_length=7, choices=Kind)
    last_day = models.DateField(
        null=True, blank=True, help_text="In the customer's time zone. Empty: until somebody ends it."
    )
    note = models.CharField(max_length=REASON_LENGTH, validators=[validate_line])
    placed_by = models.CharField(max_length=200)
    question = models.ForeignKey(
        InvoiceQuestion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reminder_pauses",
        help_text="The pause ends when this question is closed.",
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    objects = ReminderPauseQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "pause of reminders"
        verbose_name_plural = "pauses of reminders"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(ended_at__isnull=True), name="one_open_pause_per_invoice"
            ),
            models.CheckConstraint(
                condition=Q(kind="pause") | Q(kind="promise", last_day__isnull=False), name="promise_has_a_day"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="ended_pause_says_by_whom",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_said_never_changes",
                fields=["invoice", "kind", "last_day", "note", "placed_by", "question"],
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def is_standing(self) -> bool:
        today = clock.today(self.invoice.organisation.time_zone)
        return self.ended_at is None and (self.last_day is None or self.last_day >= today)

    @property
    def sentence(self) -> str:
        """What was said, until when, and why."""
        until = f"until {day_text(self.last_day)}" if self.last_day else "until somebody ends it"
        words = f"Promised to pay by {day_text(self.last_day)}" if self.kind == "promise" and self.last_day else ""
        return f"{words or f'Paused {until}'}: {self.note}"
