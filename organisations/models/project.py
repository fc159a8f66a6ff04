"""A project: the application of an organisation that reports usage."""

from __future__ import annotations

from django.db import models

from billing_platform.lib.models import BaseModel
from billing_platform.lib.validators import validate_printed_line
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class Project(BaseModel, TenantModel):
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="projects"
    )
    name = models.CharField(max_length=200, validators=[validate_printed_line])
    is_active = models.BooleanField("active", default=True, help_text="An inactive project's keys are refused.")

    constraint_fields = {
        "project_name_once_per_organisation": "name",
    }

    class Meta:
        ordering = ["organisation__name", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="project_name_once_per_organisation",
                violation_error_message="The customer has a project of that name.",
                violation_error_code="duplicate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} / {self.name}"
