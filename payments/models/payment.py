"""Money that came in, or was tried: each attempt Razorpay reports, each transfer, cheque and TDS certificate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import cast
from uuid import UUID

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.models import Invoice
from invoicing.models.columns import MoneyField
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel
from payments.models.payment_order import PaymentOrder
from payments.models.payment_queryset import PaymentQuerySet


def net_is_allocated(payment_id: str) -> str:
    """SQL of a trigger at the end of the transaction: no more is credited than is left of the payment."""
    return _NET_IS_ALLOCATED.format(payment_id=payment_id)


_NET_IS_ALLOCATED = """
        IF (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE payment_id = {payment_id})
           > (SELECT CASE WHEN status = 'reversed' OR paid_at IS NULL THEN 0
                          ELSE GREATEST(amount - payer_fee - amount_refunded - amount_lost, 0) END
              FROM payments_payment WHERE id = {payment_id})
        THEN
            RAISE EXCEPTION 'Payment % is smaller than its allocations: money of it went back.', {payment_id}
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """


class Payment(BaseModel, TenantModel):
    """Its status only moves forward (see `rank`), so Razorpay's reports may arrive in any order and twice.

    What may be asked of many stands in `payment_queryset`.
    """

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
        REVERSED = "reversed", "Reversed"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="payments"
    )
    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        help_text="For which it came; without one it is on account.",
    )
    billing_entity = models.ForeignKey(
        BillingEntity,
        verbose_name="seller",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who received money on account; otherwise the invoice says it.",
    )
    order = models.ForeignKey(PaymentOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.GATEWAY)
    razorpay_payment_id = models.CharField("Razorpay payment", max_length=40, null=True, blank=True, unique=True)
    razorpay_order_id = models.CharField("Razorpay order", max_length=40, blank=True)
    method = models.CharField(max_length=20)
    reference = models.CharField(max_length=100, blank=True, help_text="UTR, cheque number or TDS certificate.")
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    amount_refunded = MoneyField(default=ZERO, help_text="Given back, by Razorpay or by bank transfer.")
    refunds_reported = MoneyField(
        default=ZERO,
        editable=False,
        help_text="The highest sum of refunds that Razorpay named, failed ones included.",
    )
    amount_lost = MoneyField(default=ZERO, help_text="What disputes that were lost took back.")
    fee = MoneyField(null=True, blank=True, help_text="Razorpay's fee, GST on it included.")
    tax = MoneyField(null=True, blank=True, help_text="The GST within the fee.")
    payer_fee = MoneyField(
        default=ZERO,
        help_text="The fee, where the payer bore it on top of what was asked: no part of what is credited.",
    )
    payer_bears_fee = models.BooleanField(
        default=False, editable=False, help_text="Razorpay says that the payer bears its fee."
    )
    error_code = models.CharField(max_length=60, blank=True)
    error_description = models.TextField(blank=True)
    error_source = models.CharField(max_length=60, blank=True)
    error_step = models.CharField(max_length=60, blank=True)
    error_reason = models.CharField(max_length=100, blank=True)
    attempted_at = models.DateTimeField(help_text="When the payer made it, as Razorpay or the operator says.")
    paid_at = models.DateTimeField(null=True, blank=True, help_text="Set once the money is captured.")
    received_on = models.DateField(
        null=True, blank=True, help_text="The day that was typed for a transfer, cheque or certificate."
    )
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversal_reason = models.TextField(blank=True)
    conflict = models.CharField(
        max_length=255, blank=True, editable=False, help_text="How Razorpay's reports of it contradict each other."
    )
    problem = models.CharField(max_length=255, blank=True, help_text="Why it is not credited, or not in full.")
    not_captured = models.CharField(
        max_length=255, blank=True, help_text="Why an authorised payment was not captured when we last tried."
    )

    objects = PaymentQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["-created_at"]
        permissions = [
            ("record_offline_payment", "Can record an offline payment"),
            ("reverse_payment", "Can reverse an offline payment that was recorded by mistake"),
            ("place_payment", "Can credit a payment to invoices, take it off, and decide about money that went back"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="payment_newest"),
            models.Index(fields=["organisation", "-created_at"], name="payment_by_organisation"),
            models.Index(fields=["paid_at"], condition=Q(paid_at__isnull=False), name="payment_by_paid_at"),
            models.Index(fields=["received_on"], condition=Q(received_on__isnull=False), name="payment_by_receipt"),
            models.Index(fields=["updated_at"], condition=Q(status="authorized"), name="payment_to_capture"),
            models.Index(fields=["organisation"], condition=~Q(problem=""), name="payment_with_problem"),
            models.Index(fields=["paid_at"], condition=Q(kind="gateway"), name="payment_online"),
            models.Index(
                fields=["id"], condition=Q(status="reversed") | Q(amount_refunded__gt=0), name="payment_given_back"
            ),
            models.Index(fields=["reference"], name="payment_by_reference"),
            models.Index(fields=["razorpay_order_id"], name="payment_by_razorpay_order"),
            models.Index(fields=["attempted_at"], condition=Q(status="failed"), name="payment_failed_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_positive"),
            models.CheckConstraint(
                condition=Q(amount_refunded__gte=0, amount_refunded__lte=F("amount")),
                name="payment_refunded_between_nothing_and_amount",
            ),
            models.CheckConstraint(
                condition=Q(amount_lost__gte=0, amount_lost__lte=F("amount")),
                name="payment_lost_between_nothing_and_amount",
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payment_currency_is_iso"),
            models.CheckConstraint(
                condition=Q(kind="gateway", razorpay_payment_id__isnull=False, order__isnull=False)
                | Q(kind__in=["offline", "tds"], razorpay_payment_id__isnull=True, order__isnull=True),
                name="payment_comes_from_gateway_or_operator",
            ),
            # Refunded without paid_at: authorised, never captured, and released by Razorpay.
            models.CheckConstraint(
                condition=(Q(status="captured", paid_at__isnull=False) | ~Q(status="captured"))
                & (Q(paid_at__isnull=True) | Q(status__in=["captured", "refunded", "reversed"])),
                name="payment_has_paid_at_once_captured",
            ),
            models.CheckConstraint(
                condition=Q(not_captured="") | Q(status="authorized"), name="only_an_authorised_payment_is_not_captured"
            ),
            models.CheckConstraint(
                condition=Q(payer_fee__gte=0, payer_fee__lt=F("amount")), name="payment_is_more_than_the_payers_fee"
            ),
            models.CheckConstraint(
                condition=Q(payer_fee=0) | Q(fee__isnull=False, payer_fee=F("fee")),
                name="payer_bears_all_of_the_fee_or_nothing",
            ),
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=True) & ~Q(status="reversed")
                | Q(reversed_at__isnull=False, status="reversed", kind__in=["offline", "tds"]),
                name="only_what_an_operator_recorded_is_reversed",
            ),
            models.CheckConstraint(
                condition=Q(kind="gateway", received_on__isnull=True) | Q(kind__in=["offline", "tds"]),
                name="gateway_payment_has_a_time_not_a_day",
            ),
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, billing_entity__isnull=True)
                | Q(invoice__isnull=True, billing_entity__isnull=False, kind="offline"),
                name="payment_is_of_an_invoice_or_on_account",
            ),
            models.UniqueConstraint(
                fields=["organisation", "method", "reference"],
                condition=Q(invoice__isnull=True) & ~Q(status="reversed"),
                name="payment_on_account_once_per_reference",
            ),
            models.UniqueConstraint(
                fields=["invoice", "method", "reference"],
                condition=~Q(kind="gateway") & ~Q(reference="") & ~Q(status="reversed"),
                name="offline_payment_once_per_invoice_and_reference",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="belongs_to_its_invoice",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__invoice__isnull=False),
                func="""
                    IF NEW.organisation_id IS DISTINCT FROM
                       (SELECT organisation_id FROM invoicing_invoice WHERE id = NEW.invoice_id)
                    OR NEW.invoice_id IS DISTINCT FROM
                       COALESCE((SELECT invoice_id FROM payments_paymentorder WHERE id = NEW.order_id), NEW.invoice_id)
                    THEN
                        RAISE EXCEPTION 'A payment is of its invoice''s customer, and of a request for that invoice.'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.ReadOnly(
                name="what_was_paid_never_changes",
                fields=[
                    "organisation",
                    "invoice",
                    "billing_entity",
                    "order",
                    "kind",
                    "razorpay_payment_id",
                    "amount",
                    "currency",
                    "received_on",
                ],
            ),
            pgtrigger.Trigger(
                name="what_is_credited_did_not_go_back",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("amount_refunded", "amount_lost", "payer_fee", "status"),  # type: ignore[no-untyped-call]  # no types
                timing=pgtrigger.Deferred,
                func=net_is_allocated("NEW.id"),
            ),
            pgtrigger.Trigger(
                name="no_cleared_cheque_is_reversed",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]  # no types
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(new__status="reversed"),
                func="""
                    IF EXISTS (SELECT 1 FROM payments_cheque WHERE payment_id = NEW.id AND status = 'cleared') THEN
                        RAISE EXCEPTION 'Payment % is a cheque that has cleared.', NEW.id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
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
                    ("refunded", "captured"),  # a refund that failed: the money is here after all
                    ("captured", "reversed"),
                    ("refunded", "reversed"),
                ],
            ),
        ]

    @property
    def named_by(self) -> str:
        """Razorpay's id, or the UTR, cheque or certificate; "" where an operator typed none."""
        return self.razorpay_payment_id or self.reference

    def __str__(self) -> str:
        if known := self.named_by:
            return known
        return f"{self.get_method_display_name()} {day_text(localtime(self.paid_at))}"

    def get_method_display_name(self) -> str:
        """bank_transfer → Bank transfer, upi → UPI."""
        short = {"upi": "UPI", "tds": "TDS", "emi": "EMI"}
        return short.get(self.method, self.method.replace("_", " ").capitalize())

    @property
    def received_day(self) -> date:
        """The day that people read: as typed, or the payer's attempt in the customer's zone."""
        return self.received_on or self.attempted_at.astimezone(self.organisation.zone).date()

    @property
    def asked_for(self) -> Invoice:
        """The invoice of a payment that can only be for one: through Razorpay, or with a receipt."""
        return cast(Invoice, self.invoice)

    @property
    def seller_id(self) -> UUID:
        """Of the seller who received it."""
        if self.invoice is not None:
            return self.invoice.billing_entity_id
        return cast(UUID, self.billing_entity_id)  # a constraint: the one or the other

    @property
    def seller(self) -> BillingEntity:
        """Who received it."""
        return cast(BillingEntity, self.invoice.billing_entity if self.invoice else self.billing_entity)

    @property
    def net(self) -> Decimal:
        """What may be credited: received, without the payer's fee, not given back and not lost."""
        if self.paid_at is None or self.status == self.Status.REVERSED:
            return ZERO
        return max(self.amount - self.payer_fee - self.amount_refunded - self.amount_lost, ZERO)

    @property
    def allocated(self) -> Decimal:
        # summed here rather than by the database, so that lists can prefetch
        return sum((allocation.amount for allocation in self.allocations.all()), ZERO)

    @property
    def unallocated(self) -> Decimal:
        """Received, not refunded, and credited to no invoice: an overpayment, or a payment for no known invoice."""
        return max(self.net - self.allocated, ZERO)

    def shown(self, amount: Decimal) -> str:
        """An amount in the payment's currency, for people."""
        return format_money(amount, self.currency)


_RANK = {
    Payment.Status.CREATED: 0,
    Payment.Status.FAILED: 1,
    Payment.Status.AUTHORIZED: 2,
    Payment.Status.CAPTURED: 3,
    Payment.Status.REFUNDED: 4,
    Payment.Status.REVERSED: 5,
}


def rank(status: str) -> int:
    """How far a payment got. Failed ranks low: the bank may still authorise the payment, for days."""
    return _RANK[Payment.Status(status)]
