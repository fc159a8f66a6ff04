"""What an issued invoice still waits for: its PDF, and the e-mail that carries it."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.models.invoice import Invoice
from organisations.scoping import TenantModel


class InvoiceDelivery(ClaimedWork, TenantModel):
    """One per issued invoice, under the invoice's id. Nothing waits once the PDF is stored and no address is left."""

    tenant_path = "invoice__organisation"
    claim_lasts = timedelta(minutes=5)
    max_attempts = 8

    invoice = models.OneToOneField(Invoice, primary_key=True, on_delete=models.PROTECT, related_name="delivery")
    send_to = models.JSONField(default=list, blank=True, help_text="Addresses whose e-mail waits for the PDF.")

    class Meta:
        verbose_name = "delivery"
        verbose_name_plural = "deliveries"
        indexes = (
            due_index("invoice_to_deliver"),
            models.Index(
                fields=["invoice"],
                condition=models.Q(next_attempt_at__isnull=True) & ~models.Q(last_failure=""),
                name="invoice_delivery_given_up",
            ),
        )

    def __str__(self) -> str:
        return f"Delivery of {self.invoice}"
