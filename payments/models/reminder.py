"""A reminder of an invoice: one for each step ever, sent or skipped; and those that a person sent."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from invoicing.models import Invoice
from invoicing.models.columns import MoneyField
from organisations.models import Notification
from organisations.scoping import TenantModel


class Reminder(BaseModel, TenantModel):
    class Status(models.TextChoices):
        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Skipped"

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="reminders")
    step = models.SmallIntegerField(
        null=True, blank=True, help_text="Days after the due date; empty: a person sent it between the steps."
    )
    status = models.CharField(max_length=7, choices=Status)
    amount = MoneyField(help_text="What was due.")
    email = models.ForeignKey(
        Notification, verbose_name="e-mail", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sent_by = models.CharField(max_length=200, blank=True, help_text="Empty: the schedule.")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "step"], condition=Q(step__isnull=False), name="one_reminder_per_invoice_and_step"
            ),
            models.CheckConstraint(
                condition=Q(status="sent", email__isnull=False)
                | Q(status="skipped", email__isnull=True, step__isnull=False),
                name="sent_reminder_has_its_email",
            ),
            models.CheckConstraint(
                condition=Q(step__isnull=False) | ~Q(sent_by=""), name="reminder_between_steps_has_a_sender"
            ),
        ]
        triggers: list[pgtrigger.Trigger] = append_only()

    def __str__(self) -> str:
        return f"{self.step_text} of {self.invoice}"

    @property
    def step_text(self) -> str:
        return "Reminder by hand" if self.step is None else step_text(self.step)


def step_text(step: int) -> str:
    """-3 → 3 days before the due date; 0 → on the due date; 1 → 1 day after the due date."""
    if step == 0:
        return "on the due date"
    days = f"{abs(step)} day{'' if abs(step) == 1 else 's'}"
    return f"{days} {'after' if step > 0 else 'before'} the due date"
