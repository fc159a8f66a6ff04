"""Which part of a payment settles which invoice."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.models import BaseModel
from billing_platform.lib.triggers import append_only
from invoicing.models import Invoice
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel
from payments.models.payment import Payment

_LIMITS = """
    -- The locks come first: two inserts at once would each see a sum without the other. Payment before invoice,
    -- in the same order as the services.
    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id FOR UPDATE;
    SELECT * INTO owed FROM invoicing_invoice WHERE id = NEW.invoice_id FOR UPDATE;
    IF paid.paid_at IS NULL THEN
        RAISE EXCEPTION 'Payment % has not been captured.', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF paid.currency IS DISTINCT FROM owed.currency OR paid.organisation_id IS DISTINCT FROM owed.organisation_id THEN
        RAISE EXCEPTION 'Payment % can not settle invoice %: another currency or customer.',
            NEW.payment_id, NEW.invoice_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE payment_id = NEW.payment_id)
       > paid.amount THEN
        RAISE EXCEPTION 'Payment % is smaller than its allocations.', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE invoice_id = NEW.invoice_id)
       > owed.total THEN
        RAISE EXCEPTION 'Invoice % is smaller than its allocations.', NEW.invoice_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class PaymentAllocation(BaseModel, TenantModel):
    """Σ allocations ≤ payment and ≤ invoice total, kept by the database however the row gets there."""

    tenant_path = "invoice__organisation"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    amount = MoneyField()

    class Meta:
        verbose_name = "allocation"
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_is_positive"),
            models.UniqueConstraint(fields=["payment", "invoice"], name="allocation_once_per_payment_and_invoice"),
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="within_payment_and_invoice",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("paid", "payments_payment%ROWTYPE"), ("owed", "invoicing_invoice%ROWTYPE")],
                func=_LIMITS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.payment_id} for {self.invoice_id}"
