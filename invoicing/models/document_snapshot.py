"""The issued document as data: everything the PDF prints, stored word for word."""

from __future__ import annotations

from django.db import models

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from invoicing.models.invoice import Invoice
from organisations.scoping import TenantModel


class DocumentSnapshot(BaseModel, TenantModel):
    """Written in the transaction that issues the invoice. A lost PDF is rendered from it again, to the same bytes."""

    tenant_path = "invoice__organisation"

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="document")
    content = models.JSONField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"Document of {self.invoice_id}"
