"""What colleagues should know about a customer, and when to come back to it."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import validate_paragraphs
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel, TenantQuerySet

NOTE_LENGTH = 2000


class CustomerNoteQuerySet(TenantQuerySet):
    def due(self, on: date) -> Self:
        """To be followed up on that day or before."""
        return self.filter(follow_up_on__lte=on, done_at__isnull=True)

    def mentioning(self, user: Any) -> Self:
        """Those that name the user, until this one has marked them as done."""
        return self.filter(mentions__user=user.pk, mentions__done_at__isnull=True)


class CustomerNote(BaseModel, TenantModel):
    """Operators read it, the customer never does. What it says stays as it was written; another note corrects it."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="notes"
    )
    text = models.TextField(max_length=NOTE_LENGTH, validators=[validate_paragraphs])
    written_by = models.CharField(max_length=200)
    follow_up_on = models.DateField(null=True, blank=True, help_text="Empty: nothing to come back to.")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=200, blank=True)

    objects = CustomerNoteQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "note"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="note_by_customer"),
            models.Index(fields=["follow_up_on"], condition=Q(done_at__isnull=True), name="note_to_follow_up"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="a_note_stays_as_written", fields=["organisation", "text", "written_by", "created_at"]
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(follow_up_on__isnull=False),
                name="only_a_follow_up_is_done",
            ),
        ]

    def __str__(self) -> str:
        first = self.text.strip().splitlines()[0] if self.text.strip() else "Note"
        return first if len(first) <= 60 else f"{first[:59]}…"

    @property
    def is_waiting(self) -> bool:
        return self.follow_up_on is not None and self.done_at is None
