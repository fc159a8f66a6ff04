"""E-mails that a customer, or one reader there, has switched off."""

from __future__ import annotations

from django.db import models

from billing_platform.lib.database.models import BaseModel
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class SwitchedOffEmail(BaseModel, TenantModel):
    """One kind of e-mail that is not sent: to the whole customer, or to one address of it. Only kinds that may be
    switched off (`organisations.notifications.kinds`)."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.CASCADE, related_name="switched_off_emails"
    )
    kind = models.CharField(max_length=50)
    address = models.CharField(max_length=254, blank=True, help_text="In small letters. Empty: the whole customer.")
    switched_off_by = models.CharField(max_length=200)

    class Meta:
        verbose_name = "switched-off e-mail"
        ordering = ["organisation", "kind", "address"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind", "address"], name="email_is_switched_off_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.organisation}"
