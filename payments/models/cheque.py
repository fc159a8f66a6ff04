"""Cheques: a promise of money until the bank has cleared them."""

from __future__ import annotations

from datetime import date
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.law import last_day_of_cheque
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_line
from invoicing.models import Invoice, RecurringFee
from invoicing.models.columns import MoneyField
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.payment import Payment

NUMBER_LENGTH = 20
BANK_LENGTH = 60
_IS_OF_ITS_INVOICE_AND_PAYMENT = """
    IF NEW.invoice_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM invoicing_invoice
        WHERE id = NEW.invoice_id AND organisation_id = NEW.organisation_id AND currency = NEW.currency
            AND billing_entity_id = NEW.billing_entity_id
    ) THEN
        RAISE EXCEPTION 'Cheque % is of another customer, seller or currency than its invoice.', NEW.number
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'cleared' AND NOT EXISTS (
        SELECT 1 FROM payments_payment
        WHERE id = NEW.payment_id AND organisation_id = NEW.organisation_id AND currency = NEW.currency
            AND amount = NEW.amount AND method = 'cheque' AND status <> 'reversed'
    ) THEN
        RAISE EXCEPTION 'Cheque % is cleared without the payment that it is.', NEW.number
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class ChequeQuerySet(TenantQuerySet):
    def to_clear(self) -> Self:
        """In hand or at the bank: no money yet."""
        return self.filter(status__in=[Cheque.Status.RECEIVED, Cheque.Status.DEPOSITED])


class Cheque(BaseModel, TenantModel):
    """It counts as paid once the bank has cleared it: then, and only then, a payment stands for it.

    A cheque that bounces ends; if it is presented again, it is recorded again. What is written on it never changes.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", "In hand"
        DEPOSITED = "deposited", "At the bank"
        CLEARED = "cleared", "Cleared"
        BOUNCED = "bounced", "Bounced"
        CANCELLED = "cancelled", "Cancelled"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="cheques"
    )
    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="cheques"
    )
    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="cheques",
        help_text="For which it came; without one it is on account.",
    )
    number = models.CharField(max_length=NUMBER_LENGTH, validators=[validate_line])
    bank = models.CharField(max_length=BANK_LENGTH, validators=[validate_line], help_text="On which it is drawn.")
    dated = models.DateField("date on it")
    received_on = models.DateField()
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=9, choices=Status, default=Status.RECEIVED)
    deposited_on = models.DateField(null=True, blank=True)
    cleared_on = models.DateField(null=True, blank=True)
    bounced_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=REASON_LENGTH, blank=True, help_text="Why it bounced or was cancelled.")
    payment = models.OneToOneField(
        Payment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="cheque",
        help_text="Made when it cleared.",
    )
    charge = models.OneToOneField(
        RecurringFee,
        verbose_name="bounce charge",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="bounced_cheque",
        help_text="What charges it on the next invoice.",
    )

    objects = ChequeQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["received_on", "created_at"]
        indexes = [
            models.Index(
                fields=["received_on"], condition=Q(status__in=["received", "deposited"]), name="cheque_to_clear"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="cheque_is_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="cheque_currency_is_iso"),
            models.UniqueConstraint(
                fields=["organisation", "bank", "number"],
                condition=Q(status__in=["received", "deposited", "cleared"]),
                name="cheque_recorded_once",
                violation_error_message="This cheque is recorded already.",
            ),
            models.CheckConstraint(
                condition=Q(status="received", deposited_on__isnull=True)
                | Q(status__in=["deposited", "cleared", "bounced"], deposited_on__isnull=False)
                | Q(status="cancelled"),
                name="cheque_was_deposited_before_the_bank_answered",
            ),
            models.CheckConstraint(
                condition=Q(status="cleared", cleared_on__isnull=False, payment__isnull=False)
                | ~Q(status="cleared") & Q(cleared_on__isnull=True),
                name="cleared_cheque_is_a_payment",
            ),
            models.CheckConstraint(
                condition=Q(status="bounced", bounced_on__isnull=False)
                | ~Q(status="bounced") & Q(bounced_on__isnull=True, charge__isnull=True),
                name="bounced_cheque_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["bounced", "cancelled"]) & ~Q(reason="")
                | ~Q(status__in=["bounced", "cancelled"]) & Q(reason=""),
                name="cheque_that_brings_nothing_says_why",
            ),
            models.CheckConstraint(
                condition=(Q(deposited_on__isnull=True) | Q(deposited_on__gte=F("received_on")))
                & (Q(deposited_on__isnull=True) | Q(deposited_on__gte=F("dated")))
                & (Q(cleared_on__isnull=True) | Q(cleared_on__gte=F("deposited_on")))
                & (Q(bounced_on__isnull=True) | Q(bounced_on__gte=F("deposited_on"))),
                name="days_of_a_cheque_in_order",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
            pgtrigger.ReadOnly(
                name="what_is_written_on_it_never_changes",
                fields=[
                    "organisation",
                    "billing_entity",
                    "invoice",
                    "number",
                    "bank",
                    "dated",
                    "received_on",
                    "amount",
                    "currency",
                ],
            ),
            pgtrigger.FSM(
                name="moves_as_cheques_do",
                field="status",
                transitions=[
                    ("received", "deposited"),
                    ("received", "cancelled"),
                    ("deposited", "cleared"),
                    ("deposited", "bounced"),
                    ("deposited", "cancelled"),
                    ("cleared", "deposited"),  # its payment was reversed
                ],
            ),
            pgtrigger.Trigger(
                name="is_of_its_invoice_and_payment",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=_IS_OF_ITS_INVOICE_AND_PAYMENT,
            ),
        ]

    def __str__(self) -> str:
        return f"Cheque {self.number}"

    @property
    def is_to_clear(self) -> bool:
        return self.status in (self.Status.RECEIVED, self.Status.DEPOSITED)

    @property
    def last_day(self) -> date:
        """The last day on which a bank takes it."""
        return last_day_of_cheque(self.dated)
