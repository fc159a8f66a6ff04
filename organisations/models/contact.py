"""Who reads a customer's e-mails, by purpose."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import validate_line
from organisations.models.email_purpose import Purpose
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class Contact(BaseModel, TenantModel):
    """One address for one purpose. Who gets an e-mail follows from it: `organisations.notifications.recipients`."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.CASCADE, related_name="contacts"
    )
    purpose = models.CharField(
        max_length=9,
        choices=Purpose,
        help_text="Billing: invoices, and what asks for money. Finance: receipts, refunds, certificates. Technical: "
        "alerts and webhooks.",
    )
    name = models.CharField(max_length=200, blank=True, validators=[validate_line])
    email = models.EmailField("e-mail address")
    is_active = models.BooleanField("gets e-mails", default=True)

    constraint_fields = {"contact_once_per_purpose": "email"}

    class Meta:
        ordering = ["purpose", "email"]
        constraints = [
            models.UniqueConstraint(
                "organisation",
                "purpose",
                Lower("email"),
                name="contact_once_per_purpose",
                violation_error_message="This address is a contact for this purpose already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email
