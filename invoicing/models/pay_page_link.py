"""Links to an invoice's pay page, beside the one that stands on the document itself."""

from __future__ import annotations

import secrets

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import REASON_LENGTH
from invoicing.models.invoice import Invoice
from organisations.scoping import TenantModel


def new_token() -> str:
    return secrets.token_urlsafe(24)


class PayPageLink(BaseModel, TenantModel):
    """A token that opens the page of one invoice until it ends or is revoked.

    The token of the document (`Invoice.public_token`) needs no row: its end follows from the due date. It gets one when
    it is revoked.
    """

    class Cause(models.TextChoices):
        DOCUMENT = "document", "Stands on the document"
        OPERATOR = "operator", "Made by an operator"
        EMAIL = "email", "For an e-mail of ours"
        CUSTOMER = "customer", "The customer asked for it"

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="pay_page_links")
    token = models.CharField(max_length=32, unique=True, editable=False, default=new_token)
    cause = models.CharField(max_length=8, choices=Cause)
    expires_at = models.DateTimeField("ends")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=REASON_LENGTH, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=False) | Q(revoke_reason=""), name="only_a_revoked_link_has_a_reason"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="what_it_opens_never_changes", fields=["invoice", "token", "cause", "expires_at"]),
            pgtrigger.Protect(
                name="revoked_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False, new__revoked_at__isnull=True),
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"Pay page of {self.invoice}"
