"""Links that open the customer portal. A row has the SHA-256 of a link's token, never the token itself."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from organisations.models.organisation import Organisation
from organisations.scoping import Reach, TenantModel, TenantQuerySet

SHA256 = r"^[0-9a-f]{64}$"


class PortalLinkQuerySet(TenantQuerySet):
    def open(self, at: datetime | None = None) -> Self:
        """Those that open the portal at a moment, now unless said otherwise."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=at or clock.now())


class PortalLink(BaseModel, TenantModel):
    """Opens the portal of one customer until it ends or is revoked. Several may be open side by side.

    It is an actor as well: whoever has opened it reaches the rows of its customer, and of nobody else.
    """

    class Cause(models.TextChoices):
        OPERATOR = "operator", "Made by an operator"
        CUSTOMER = "customer", "The customer asked for it"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="portal_links"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    cause = models.CharField(max_length=8, choices=Cause)
    made_by = models.CharField(max_length=200)
    expires_at = models.DateTimeField("ends")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=200, blank=True)
    last_used_at = models.DateTimeField("last used", null=True, blank=True)

    objects = PortalLinkQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["-created_at"]
        permissions = [("manage_portallink", "Can make and revoke links to the customer portal")]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by="") | Q(revoked_at__isnull=False) & ~Q(revoked_by=""),
                name="portal_link_is_revoked_by_somebody",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="portal_link_ends_later"),
            models.CheckConstraint(condition=Q(token_hash__regex=SHA256), name="portal_link_has_a_hash"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_it_opens_never_changes",
                fields=["organisation", "token_hash", "cause", "made_by", "expires_at"],
            ),
            pgtrigger.Protect(
                name="revoked_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False, new__revoked_at__isnull=True),
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"Portal of {self.organisation}"

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and self.expires_at > clock.now()

    @property
    def state(self) -> str:
        return "Revoked" if self.revoked_at is not None else "Open" if self.is_open else "Ended"

    def organisations_of_key(self) -> Reach:
        """What `for_organisations` lets through: the link's customer."""
        return {self.organisation_id}
