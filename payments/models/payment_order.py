"""What we ask for an invoice: an order or a payment link at Razorpay, written here before Razorpay is asked."""

from __future__ import annotations

import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.money import ZERO
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.models import Invoice
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.gateway_account import GatewayAccount


def new_receipt() -> str:
    """Our name for an order at Razorpay, at most 40 characters. We look the order up by it."""
    return f"mbp-{secrets.token_hex(12)}"


class PaymentOrderQuerySet(TenantQuerySet):
    def live(self) -> Self:
        return self.filter(status__in=[PaymentOrder.Status.CREATED, PaymentOrder.Status.OPEN])

    def to_make(self) -> Self:
        """Requests that Razorpay has not confirmed yet: it is asked to make the order or link."""
        return self.filter(status=PaymentOrder.Status.CREATED)

    def links_to_close(self) -> Self:
        """Superseded links that Razorpay has not closed yet."""
        return self.filter(kind=PaymentOrder.Kind.LINK, status=PaymentOrder.Status.SUPERSEDED, closed_at__isnull=True)

    def with_received(self) -> Self:
        """`received_total`: what was paid through each request, as `PaymentOrder.received` adds it up."""
        paid = Q(payments__paid_at__isnull=False)
        total = Sum(F("payments__amount") - F("payments__payer_fee"), filter=paid)
        rows = PaymentOrder._base_manager.filter(pk=OuterRef("pk")).values("pk").annotate(total=total)
        return self.annotate(received_total=Coalesce(Subquery(rows.values("total")), ZERO, output_field=MoneyField()))


class PaymentOrder(ClaimedWork, BaseModel, TenantModel):
    """At most one live order per invoice and kind. What is asked for never changes: a new amount is a new order.

    Two things may wait here (`next_attempt_at`): a created request waits for Razorpay to make it, and a superseded link
    waits for Razorpay to close it.
    """

    class Kind(models.TextChoices):
        ORDER = "order", "Order"
        LINK = "link", "Payment link"
        DEBIT = "debit", "Debit of a mandate"

    class Status(models.TextChoices):
        CREATED = "created", "Created"
        OPEN = "open", "Open"
        PAID = "paid", "Paid"
        SUPERSEDED = "superseded", "Superseded"
        FAILED = "failed", "Failed"

    claim_lasts = timedelta(minutes=2)
    """Longer than a look-up and a creation with all their time-outs."""
    max_attempts = None

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payment_orders")
    kind = models.CharField(max_length=5, choices=Kind)
    receipt = models.CharField(max_length=40, unique=True, default=new_receipt, editable=False)
    gateway_account = models.ForeignKey(
        GatewayAccount,
        verbose_name="Razorpay account",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payment_orders",
        help_text="Empty: the keys of the environment.",
    )
    razorpay_order_id = models.CharField("Razorpay order", max_length=40, null=True, blank=True, unique=True)
    razorpay_link_id = models.CharField("Razorpay link", max_length=40, null=True, blank=True, unique=True)
    short_url = models.URLField("link", blank=True)
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="The amount in minor units: paise, cents.")
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    sent_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When Razorpay was first asked to make it. Since then it may exist there, and is looked up by its"
        " receipt before Razorpay is asked again.",
    )
    expires_at = models.DateTimeField(
        "ends", null=True, blank=True, help_text="A link can't be paid any more then. An order has no end."
    )
    first_part = MoneyField(
        "smallest first part", null=True, blank=True, help_text="A link may be paid in parts. Empty: at once."
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When Razorpay confirmed that the link can't be paid any more."
    )

    objects = PaymentOrderQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "payment request"
        ordering = ["-created_at"]
        permissions = [("collect_invoice", "Can ask a customer to pay an invoice")]
        indexes = [
            due_index("payment_order_due"),
            models.Index(fields=["-created_at", "-id"], name="payment_order_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "kind"],
                condition=Q(status__in=["created", "open"]),
                name="one_live_payment_order_per_invoice_and_kind",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, amount_minor__gt=0), name="payment_order_asks_something"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payment_order_currency_is_iso"),
            models.CheckConstraint(
                condition=Q(kind="link") | Q(expires_at__isnull=True, first_part__isnull=True),
                name="only_a_link_ends_or_is_paid_in_parts",
            ),
            models.CheckConstraint(condition=~Q(kind="debit") | Q(currency="INR"), name="mandate_is_debited_in_rupees"),
            models.CheckConstraint(
                condition=Q(first_part__isnull=True) | Q(first_part__gt=0, first_part__lt=F("amount")),
                name="first_part_is_a_part",
            ),
            models.CheckConstraint(
                condition=~Q(status="open")
                | Q(kind__in=["order", "debit"], razorpay_order_id__isnull=False)
                | Q(kind="link", razorpay_link_id__isnull=False),
                name="open_payment_order_is_known_to_the_gateway",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="what_is_asked_never_changes",
                fields=[
                    "invoice",
                    "kind",
                    "receipt",
                    "amount",
                    "currency",
                    "amount_minor",
                    "gateway_account",
                    "first_part",
                ],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            # A superseded or failed order may still be paid: Razorpay has no way to withdraw an order.
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[
                    ("created", "open"),
                    ("created", "paid"),
                    ("created", "superseded"),
                    ("created", "failed"),
                    ("open", "paid"),
                    ("open", "superseded"),
                    ("superseded", "paid"),
                    ("failed", "created"),
                    ("failed", "paid"),
                ],
            ),
        ]

    @property
    def received(self) -> Decimal:
        """What was paid through it, without the payers' fees; what was given back later is in it."""
        paid = self.payments.filter(paid_at__isnull=False)
        total = paid.aggregate(total=Sum(F("amount") - F("payer_fee")))["total"]
        return total or ZERO

    @property
    def remaining(self) -> Decimal:
        """What it still asks for: of a link that was paid in part, the rest."""
        return max(self.amount - self.received, ZERO)

    def __str__(self) -> str:
        return self.razorpay_link_id or self.razorpay_order_id or f"{self.get_kind_display()} for {self.invoice}"
