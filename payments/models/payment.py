"""Money that came in, or was tried: each attempt the gateway reports, each transfer, cheque and TDS certificate."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.models import BaseModel
from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from invoicing.models.columns import MoneyField
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.payment_order import PaymentOrder


class PaymentQuerySet(TenantQuerySet):
    def received(self) -> Self:
        """Money that arrived, whether or not some of it went back."""
        return self.filter(paid_at__isnull=False)

    def uncaptured(self, before: datetime) -> Self:
        """Authorised for a while: automatic capture has not happened."""
        return self.filter(status=Payment.Status.AUTHORIZED, updated_at__lt=before)


class Payment(BaseModel, TenantModel):
    """Its state only moves forward (see `rank`), so reports of the gateway may arrive in any order and twice."""

    class Kind(models.TextChoices):
        GATEWAY = "gateway", "Razorpay"
        OFFLINE = "offline", "Offline"
        TDS = "tds", "TDS withheld by the customer"

    class Status(models.TextChoices):
        CREATED = "created", "Created"
        FAILED = "failed", "Failed"
        AUTHORIZED = "authorized", "Authorised"
        CAPTURED = "captured", "Captured"
        REFUNDED = "refunded", "Refunded"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="payments"
    )
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    order = models.ForeignKey(PaymentOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.GATEWAY)
    razorpay_payment_id = models.CharField("Razorpay payment", max_length=40, null=True, blank=True, unique=True)
    razorpay_order_id = models.CharField("Razorpay order", max_length=40, blank=True)
    method = models.CharField(max_length=20)
    reference = models.CharField(max_length=100, blank=True, help_text="UTR, cheque number or TDS certificate.")
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    amount_refunded = MoneyField(default=ZERO)
    fee = MoneyField(null=True, blank=True, help_text="The gateway's fee, GST on it included.")
    tax = MoneyField(null=True, blank=True, help_text="The GST within the fee.")
    error_code = models.CharField(max_length=60, blank=True)
    error_description = models.TextField(blank=True)
    error_source = models.CharField(max_length=60, blank=True)
    error_step = models.CharField(max_length=60, blank=True)
    error_reason = models.CharField(max_length=100, blank=True)
    attempted_at = models.DateTimeField(help_text="When the payer made it, as the gateway or the operator says.")
    paid_at = models.DateTimeField(null=True, blank=True, help_text="Set once the money is captured.")
    problem = models.CharField(max_length=255, blank=True, help_text="Why it is not credited, or not in full.")

    objects = PaymentQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-created_at"]
        permissions = [("record_offline_payment", "Can record an offline payment")]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="payment_by_organisation"),
            models.Index(fields=["paid_at"], condition=Q(paid_at__isnull=False), name="payment_by_paid_at"),
            models.Index(fields=["updated_at"], condition=Q(status="authorized"), name="payment_to_capture"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_positive"),
            models.CheckConstraint(
                condition=Q(amount_refunded__gte=0, amount_refunded__lte=F("amount")),
                name="payment_refunded_between_nothing_and_amount",
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payment_currency_is_iso"),
            models.CheckConstraint(
                condition=Q(kind="gateway", razorpay_payment_id__isnull=False, order__isnull=False)
                | Q(kind__in=["offline", "tds"], razorpay_payment_id__isnull=True, order__isnull=True),
                name="payment_comes_from_gateway_or_operator",
            ),
            # refunded without paid_at: authorised, never captured, and given back by the gateway
            models.CheckConstraint(
                condition=(Q(status="captured", paid_at__isnull=False) | ~Q(status="captured"))
                & (Q(paid_at__isnull=True) | Q(status__in=["captured", "refunded"])),
                name="payment_has_paid_at_once_captured",
            ),
            models.UniqueConstraint(
                fields=["invoice", "method", "reference"],
                condition=~Q(kind="gateway") & ~Q(reference=""),
                name="offline_payment_once_per_invoice_and_reference",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="is_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_paid_never_changes",
                fields=["organisation", "invoice", "kind", "razorpay_payment_id", "amount", "currency"],
            ),
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[
                    ("created", "failed"),
                    ("created", "authorized"),
                    ("created", "captured"),
                    ("created", "refunded"),
                    ("failed", "authorized"),
                    ("failed", "captured"),
                    ("failed", "refunded"),
                    ("authorized", "captured"),
                    ("authorized", "refunded"),
                    ("captured", "refunded"),
                ],
            ),
        ]

    def __str__(self) -> str:
        if known := self.razorpay_payment_id or self.reference:
            return known
        return f"{self.get_method_display_name()} {day_text(localtime(self.paid_at))}"

    def get_method_display_name(self) -> str:
        """bank_transfer → Bank transfer, upi → UPI."""
        short = {"upi": "UPI", "tds": "TDS", "emi": "EMI"}
        return short.get(self.method, self.method.replace("_", " ").capitalize())

    @property
    def allocated(self) -> Decimal:
        # summed here rather than by the database, so that lists can prefetch
        return sum((allocation.amount for allocation in self.allocations.all()), ZERO)

    @property
    def unallocated(self) -> Decimal:
        """Received, not given back, and not credited to any invoice: an overpayment, or money nobody could place."""
        if self.paid_at is None:
            return ZERO
        return max(self.amount - self.amount_refunded - self.allocated, ZERO)


_RANK = {
    Payment.Status.CREATED: 0,
    Payment.Status.FAILED: 1,
    Payment.Status.AUTHORIZED: 2,
    Payment.Status.CAPTURED: 3,
    Payment.Status.REFUNDED: 4,
}


def rank(status: str) -> int:
    """How far a payment got. Failed ranks low on purpose: the bank may still authorise it, for days."""
    return _RANK[Payment.Status(status)]
