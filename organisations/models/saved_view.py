"""A list as somebody wants to see it again: its filters, columns and order."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import validate_line

NAME_LENGTH, QUERY_LENGTH = 60, 2000


class SavedView(BaseModel):
    """It belongs to one user. A shared one is seen by every user who serves all customers: its name and its filters may
    name a customer."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH, validators=[validate_line])
    list_of = models.CharField(max_length=100, help_text="Whose list it is, such as invoicing.invoice.")
    query = models.CharField(max_length=QUERY_LENGTH, blank=True, help_text="As in the address of the list.")
    is_shared = models.BooleanField("shared", default=False)
    pinned_by = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "list_of", "name"],
                name="view_named_once_per_owner_and_list",
                violation_error_message="You have a view of that name here already.",
            )
        ]

    def __str__(self) -> str:
        return self.name
