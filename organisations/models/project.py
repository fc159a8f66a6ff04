"""A project: an application of a customer that reports usage."""

from __future__ import annotations

import pgtrigger
from django.db import models

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import validate_printed_line
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class Project(BaseModel, TenantModel):
    class Mode(models.TextChoices):
        LIVE = "live", "Live"
        TEST = "test", "Test"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="projects"
    )
    name = models.CharField(max_length=200, validators=[validate_printed_line])
    mode = models.CharField(
        max_length=4,
        choices=Mode,
        default=Mode.LIVE,
        help_text="A test project's usage is counted and shown, but never billed. Fixed once the project has a key.",
    )
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
        triggers = [
            pgtrigger.Trigger(
                name="project_mode_is_that_of_its_keys",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("mode"),  # type: ignore[no-untyped-call]  # pgtrigger has no types
                func="""
                    IF EXISTS (SELECT FROM organisations_apikey WHERE project_id = NEW.id AND mode <> NEW.mode) THEN
                        RAISE EXCEPTION 'Project % has keys of the other mode.', NEW.id;
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} / {self.name}{' (test)' if self.is_test else ''}"

    @property
    def is_test(self) -> bool:
        return self.mode == self.Mode.TEST
