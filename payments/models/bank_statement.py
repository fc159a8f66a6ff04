"""A bank's statements as they were uploaded, and the lines on which money came in."""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import append_only, no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.limits import REASON_LENGTH, REFERENCE_LENGTH
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.validators import validate_currency, validate_line
from invoicing.models.columns import MoneyField
from organisations.models import BillingEntity
from payments.banking.layouts import NARRATION_LENGTH
from payments.banking.narrations import PAYER_LENGTH
from payments.models.payment import Payment
from payments.models.payout import Payout

ACCOUNT_LENGTH = 40
_PAYS_ONCE = """
    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id;
    IF paid.id IS NOT NULL AND (
        paid.currency <> NEW.currency OR (NEW.outcome = 'booked' AND paid.amount <> NEW.amount)
    ) THEN
        RAISE EXCEPTION 'Payment % is not the money of bank line %.', NEW.payment_id, NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.payout_id IS NOT NULL AND (
        NEW.currency <> 'INR' OR NEW.amount <> (SELECT amount FROM payments_payout WHERE id = NEW.payout_id)
    ) THEN
        RAISE EXCEPTION 'Payout % is not the money of bank line %.', NEW.payout_id, NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.payout_id IS NOT NULL AND NEW.payout_id IS DISTINCT FROM OLD.payout_id THEN
        RAISE EXCEPTION 'Bank line % is a payout.', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.payment_id IS NOT NULL AND NEW.payment_id IS DISTINCT FROM OLD.payment_id
       AND (SELECT status FROM payments_payment WHERE id = OLD.payment_id) <> 'reversed'
    THEN
        RAISE EXCEPTION 'Bank line % is booked already.', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class BankStatement(BaseModel):
    """One upload. Its days may overlap those of another: a line that is there already is not stored again."""

    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="bank_statements"
    )
    account = models.CharField(max_length=ACCOUNT_LENGTH, blank=True, validators=[validate_line])
    bank = models.CharField(max_length=40, blank=True, help_text="As its columns tell.")
    currency = models.CharField(max_length=3, validators=[validate_currency])
    line_count = models.PositiveIntegerField("credits in the file")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at"]
        triggers = append_only()

    def __str__(self) -> str:
        account = f" {self.account}" if self.account else ""
        return f"{self.bank or 'Bank'}{account}, {self.billing_entity}"


class BankColumns(BaseModel):
    """Which column is which in the files of a bank that are not known by themselves, as a person said it once."""

    header_sha256 = models.CharField("fingerprint of the header", max_length=64, unique=True)
    columns = models.JSONField(help_text="What a column holds → its name.")

    class Meta:
        verbose_name_plural = "bank columns"

    def __str__(self) -> str:
        return ", ".join(self.columns.values())


class BankLineQuerySet(models.QuerySet["BankLine"]):
    def waiting(self) -> Self:
        """Money that is neither recorded as a payment nor set aside. A payment that was reversed counts no more."""
        return self.filter(Q(payment__isnull=True) | Q(payment__status=Payment.Status.REVERSED)).filter(
            set_aside_reason="", payout__isnull=True
        )

    def recorded(self) -> Self:
        return self.filter(payment__isnull=False).exclude(payment__status=Payment.Status.REVERSED)


class BankLine(BaseModel):
    """Money that came into a seller's account, as the bank says it: a customer's payment, a payout of Razorpay's, or
    neither. What the bank said never changes."""

    class Outcome(models.TextChoices):
        NONE = "", "Waiting"
        BOOKED = "booked", "Booked"
        KNOWN = "known", "Was recorded before"
        PAYOUT = "payout", "Payout of Razorpay's"

    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, related_name="lines")
    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="bank_lines"
    )
    account = models.CharField(max_length=ACCOUNT_LENGTH, blank=True)
    day = models.DateField()
    narration = models.CharField("text", max_length=NARRATION_LENGTH, blank=True)
    reference = models.CharField(max_length=REFERENCE_LENGTH, blank=True, help_text="UTR or cheque number.")
    payer = models.CharField(max_length=PAYER_LENGTH, blank=True, help_text="Who paid, as the text tells.")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    balance = MoneyField(null=True, blank=True, help_text="Of the account, after it.")
    row = models.PositiveIntegerField(help_text="In the file.")
    fingerprint = models.CharField(max_length=64, help_text="Day, amount, reference, balance, and place among equals.")
    outcome = models.CharField(max_length=6, choices=Outcome, default=Outcome.NONE, blank=True)
    payment = models.OneToOneField(
        Payment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="bank_line",
        help_text="Made of this money.",
    )
    payout = models.OneToOneField(
        Payout,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="bank_line",
        help_text="Which arrived with it.",
    )
    set_aside_reason = models.CharField("set aside because", max_length=REASON_LENGTH, blank=True)

    objects = BankLineQuerySet.as_manager()

    class Meta:
        verbose_name = "bank line"
        ordering = ["-day", "-created_at", "row"]
        permissions = [("book_bankline", "Can import bank statements, and book their lines")]
        indexes = [
            models.Index(fields=["billing_entity", "payer"], name="bank_line_by_payer"),
            models.Index(fields=["reference"], name="bank_line_by_reference"),
            models.Index(fields=["-day", "-created_at"], name="bank_line_newest_first"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["billing_entity", "account", "currency", "fingerprint"], name="bank_line_stored_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="bank_line_is_money_that_came_in"),
            models.CheckConstraint(
                condition=Q(outcome="", payment__isnull=True, payout__isnull=True)
                | Q(outcome__in=["booked", "known"], payment__isnull=False, payout__isnull=True)
                | Q(outcome="payout", payment__isnull=True, payout__isnull=False),
                name="bank_line_outcome_tells_its_payment",
            ),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(set_aside_reason=""), name="bank_line_is_booked_or_set_aside"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
            pgtrigger.ReadOnly(
                name="what_the_bank_said_never_changes",
                fields=[
                    "statement",
                    "billing_entity",
                    "account",
                    "day",
                    "narration",
                    "reference",
                    "payer",
                    "amount",
                    "currency",
                    "balance",
                    "row",
                    "fingerprint",
                ],
            ),
            pgtrigger.Trigger(
                name="pays_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("paid", "payments_payment%ROWTYPE")],
                func=_PAYS_ONCE,
            ),
        ]

    def __str__(self) -> str:
        return f"{format_money(self.amount, self.currency)} of {day_text(self.day)}"

    @property
    def is_waiting(self) -> bool:
        """The same question as `waiting()`, of one row."""
        return not self.is_recorded and not self.set_aside_reason and self.payout_id is None

    @property
    def is_recorded(self) -> bool:
        paid: Any = self.payment
        return paid is not None and paid.status != Payment.Status.REVERSED

    @property
    def state(self) -> str:
        """waiting, booked, known, payout or set_aside."""
        if self.set_aside_reason:
            return "set_aside"
        if self.payout_id is not None:
            return str(self.Outcome.PAYOUT)
        return self.outcome if self.is_recorded else "waiting"
