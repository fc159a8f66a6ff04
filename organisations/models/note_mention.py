"""Whom a note about a customer speaks to: each colleague named by @ and a user name."""

from __future__ import annotations

import re

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from organisations.models.customer_note import CustomerNote
from organisations.scoping import TenantModel

NAMED = re.compile(r"(?<![\w.+@-])@([\w.+@-]*\w)")
"""Not the @ within an e-mail address, and without the full stop of a sentence."""


def names_in(text: str) -> list[str]:
    """The user names in a note, each once, in their order."""
    return list(dict.fromkeys(NAMED.findall(text)))


class NoteMention(BaseModel, TenantModel):
    """The note waits for this user until the user marks it as done. It is written with the note, which stays as it is
    written, and so are those whom it names."""

    tenant_path = "note__organisation"

    note = models.ForeignKey(CustomerNote, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    done_at = models.DateTimeField("done", null=True, blank=True)

    class Meta:
        verbose_name = "mention"
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["note", "user"], name="a_note_names_somebody_once")]
        indexes = [models.Index(fields=["user"], condition=Q(done_at__isnull=True), name="mention_not_done")]
        triggers = [pgtrigger.ReadOnly(name="a_mention_stays", fields=["note", "user"])]

    def __str__(self) -> str:
        return f"@{self.user.get_username()}"
