"""API keys. A row has the public prefix, to find it, and the SHA-256 of the key, to compare; never the key itself."""

from __future__ import annotations

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import validate_line
from organisations.models.project import Project
from organisations.scoping import Reach, TenantModel, reachable_organisations


class ApiKey(BaseModel, TenantModel):
    class Kind(models.TextChoices):
        PROJECT = "project", "Project (reports usage)"
        ADMIN = "admin", "Admin (back office)"

    class Scope(models.TextChoices):
        READ = "read", "Read"
        WRITE = "write", "Write"
        ADMIN = "admin", "Admin"

    Mode = Project.Mode

    tenant_path = "project__organisation"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=100, validators=[validate_line])
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.LIVE)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, blank=True, related_name="api_keys")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="api_keys",
        help_text="The user whose customers and permissions an admin key has.",
    )
    scope = models.CharField(max_length=5, choices=Scope, blank=True, help_text="Admin keys: read < write < admin.")
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    replaced_by = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="replaces"
    )

    constraint_fields = {
        "api_key_expires_later": "expires_at",
    }

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]
        permissions = [("issue_apikey", "Can issue, rotate and revoke API keys")]
        triggers = [
            pgtrigger.Trigger(
                name="api_key_mode_is_that_of_its_project",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("mode", "project_id"),  # type: ignore[no-untyped-call]  # no types
                func="""
                    IF EXISTS (SELECT FROM organisations_project WHERE id = NEW.project_id AND mode <> NEW.mode) THEN
                        RAISE EXCEPTION 'Project % is of the other mode.', NEW.project_id;
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="project", project__isnull=False, owner__isnull=True, scope="")
                | (Q(kind="admin", project__isnull=True, owner__isnull=False) & ~Q(scope="")),
                name="api_key_belongs_to_project_or_owner",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="api_key_expires_later",
                violation_error_message="Must be later than now.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (mbp_{self.mode}_{self.prefix}…)"

    def organisations_of_key(self) -> Reach:
        """The organisations that the key reaches: that of its project, or those that its owner reaches."""
        if self.project is not None:
            return {self.project.organisation_id}
        return set() if self.owner is None else reachable_organisations(self.owner)

    def is_usable(self, at: datetime) -> bool:
        """Whether the key is neither revoked nor expired at an instant."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
