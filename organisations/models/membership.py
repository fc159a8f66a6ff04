"""The role of a user for one organisation, or for all."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from billing_platform.lib.database.models import BaseModel
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class Membership(BaseModel, TenantModel):
    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer"
        OPERATOR = "operator", "Operator"
        ADMIN = "admin", "Admin"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
        help_text="Empty: every customer.",
    )
    role = models.CharField(max_length=10, choices=Role)

    constraint_fields = {
        "one_role_per_user_and_organisation": "organisation",
    }

    class Meta:
        ordering = ["user__username", "organisation__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"],
                nulls_distinct=False,
                name="one_role_per_user_and_organisation",
                violation_error_message="This user has a role for this organisation already: change that role.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.organisation or 'every customer'}"
