"""Money that goes back to a payer: asked for here, made in the dashboard of Razorpay, or transferred and recorded."""

from __future__ import annotations

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.money import ZERO
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.models import CreditNote, Invoice
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.payment import Payment

NUMBER_LENGTH = 20

_WITHIN_ITS_PAYMENT = """
    -- A refund that Razorpay reports is a fact, whatever else was asked for meanwhile; it has Razorpay's id from the
    -- beginning. What is asked for here is limited. The lock comes first: two refunds at once would each see a sum
    -- without the other.
    IF NEW.razorpay_refund_id IS NOT NULL THEN
        RETURN NEW;
    END IF;
    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id FOR UPDATE;
    IF paid.paid_at IS NULL OR paid.status = 'reversed' OR paid.currency IS DISTINCT FROM NEW.currency THEN
        RAISE EXCEPTION 'Payment % has no money in % to give back.', NEW.payment_id, NEW.currency
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_refund
                     WHERE payment_id = NEW.payment_id AND status <> 'failed') > paid.amount THEN
        RAISE EXCEPTION 'Payment % is smaller than its refunds.', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class RefundQuerySet(TenantQuerySet):
    def without_their_note(self) -> RefundQuerySet:
        """Accepted by Razorpay, and the credit note that was to come could not be issued: a person issues it."""
        return self.exclude(note_problem="").filter(credit_note__isnull=True)

    def held_up(self) -> RefundQuerySet:
        """Asked for and not accepted by Razorpay, or not looked up, because the last try failed."""
        return self.filter(status=Refund.Status.PENDING).exclude(last_failure="")

    def failed_and_not_tried_again(self) -> RefundQuerySet:
        """The payer does not have the money, and nobody has asked for another refund or closed it."""
        return self.filter(status=Refund.Status.FAILED, asked_here=True, retry__isnull=True, closed_at__isnull=True)


class Refund(ClaimedWork, BaseModel, TenantModel):
    """One row per refund. What is asked for here is stored first, and is set aside from that moment on: Razorpay is
    asked afterwards, with the same words each time (`id` is the idempotency key, `refund_number` the receipt), and the
    row follows Razorpay's answers until the refund has ended. `failed` is final: another try is another row.
    """

    claim_lasts = timedelta(minutes=3)
    """Longer than a look-up and a request with all their time-outs and repeats."""
    max_attempts = None

    class Kind(models.TextChoices):
        GATEWAY = "gateway", "Razorpay"
        BANK = "bank", "Bank transfer"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSED = "processed", "Processed"
        FAILED = "failed", "Failed"

    class Afterwards(models.TextChoices):
        CREDIT_NOTE = "credit_note", "Credit note: the supply, or a part of its price, is taken back"
        LEAVE = "leave", "No credit note, and the invoice asks for nothing more"
        ASK_AGAIN = "ask_again", "The invoice asks for the money again"

    tenant_path = "payment__organisation"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    refund_number = models.CharField("number", max_length=NUMBER_LENGTH, unique=True, editable=False)
    kind = models.CharField("way", max_length=7, choices=Kind)
    asked_here = models.BooleanField(default=True, help_text="No: it was made in Razorpay's dashboard.")
    status = models.CharField(max_length=9, choices=Status)
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    reason = models.TextField(blank=True, help_text="Why the money goes back. A credit note prints it.")
    razorpay_refund_id = models.CharField("Razorpay refund", max_length=40, null=True, blank=True, unique=True)
    reference = models.CharField(max_length=100, blank=True, help_text="UTR of the transfer back.")
    bank_reference = models.CharField(
        "bank's reference",
        max_length=100,
        blank=True,
        help_text="ARN, RRN or UTR: with it the payer's bank finds the money. It comes days later.",
    )
    refunded_on = models.DateField(help_text="The day of the transfer, of the request, or of Razorpay's refund.")
    sent_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When Razorpay was first asked for it. Since then it may exist there, and is looked up by its number"
        " before Razorpay is asked again.",
    )
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was last processed, or failed.")
    failure = models.TextField(blank=True, help_text="Why it failed.")
    retry_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="retry", help_text="It failed before."
    )
    request_key = models.CharField(
        max_length=320,
        blank=True,
        editable=False,
        help_text="Which request asked for it: a repeated request finds it, and makes no second one.",
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a person said that nothing more is to be done."
    )
    afterwards = models.CharField(
        max_length=11,
        choices=Afterwards,
        blank=True,
        help_text="What becomes of the invoice. Empty: the money was credited to none, or nobody has decided yet.",
    )
    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
        help_text="The invoice that is paid less by it.",
    )
    off_invoice = MoneyField(default=ZERO, help_text="By how much that invoice is paid less.")
    credit_note = models.OneToOneField(
        CreditNote, on_delete=models.PROTECT, null=True, blank=True, related_name="refund"
    )
    note_problem = models.TextField(blank=True, help_text="Why its credit note could not be issued.")

    objects = RefundQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["created_at"]
        permissions = [
            ("refund_payment", "Can refund a payment through Razorpay"),
            ("refund_excess", "Can refund what a payment brought in and no invoice was credited with"),
        ]
        indexes = [due_index("refund_to_follow")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive"),
            models.CheckConstraint(
                condition=Q(kind="gateway", reference="")
                & (Q(razorpay_refund_id__isnull=False) | Q(asked_here=True, status__in=["pending", "failed"]))
                | Q(kind="bank", razorpay_refund_id__isnull=True, status="processed", asked_here=True)
                & ~Q(reference=""),
                name="refund_comes_from_gateway_or_operator",
            ),
            models.UniqueConstraint(
                fields=["payment", "reference"],
                condition=Q(kind="bank"),
                name="bank_refund_once_per_payment_and_reference",
            ),
            models.CheckConstraint(
                condition=Q(off_invoice=0, invoice__isnull=True)
                | Q(off_invoice__gt=0, off_invoice__lte=F("amount"), invoice__isnull=False),
                name="refund_takes_at_most_its_amount_off_an_invoice",
            ),
            models.CheckConstraint(
                condition=Q(credit_note__isnull=True) | Q(afterwards="credit_note"),
                name="refund_with_a_note_says_so",
            ),
            models.CheckConstraint(
                condition=Q(status="failed") & ~Q(failure="") | ~Q(status="failed") & Q(failure=""),
                name="refund_that_failed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(status="failed"), name="refund_closed_by_a_person_failed"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_asked_never_changes",
                fields=[
                    "payment",
                    "refund_number",
                    "kind",
                    "asked_here",
                    "amount",
                    "currency",
                    "reason",
                    "reference",
                    "refunded_on",
                    "retry_of",
                    "request_key",
                ],
            ),
            pgtrigger.Protect(
                name="known_to_the_gateway_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__razorpay_refund_id__isnull=False)
                & pgtrigger.Q(old__razorpay_refund_id__df=pgtrigger.F("new__razorpay_refund_id")),
            ),
            pgtrigger.Protect(
                name="one_note_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__credit_note__isnull=False)
                & pgtrigger.Q(old__credit_note__df=pgtrigger.F("new__credit_note")),
            ),
            pgtrigger.Trigger(
                name="within_its_payment",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("paid", "payments_payment%ROWTYPE")],
                func=_WITHIN_ITS_PAYMENT,
            ),
            # Failed is final: Razorpay calls a refund processed before the bank has accepted it.
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[("pending", "processed"), ("pending", "failed"), ("processed", "failed")],
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.refund_number

    @property
    def is_full(self) -> bool:
        """Whether it gives back all that its payment brought in, without a fee that the payer bore."""
        return self.amount == self.payment.amount - self.payment.payer_fee

    @property
    def waits_for_its_note(self) -> bool:
        """Razorpay accepted it, and its credit note is still to come."""
        is_accepted = self.razorpay_refund_id is not None or self.kind == self.Kind.BANK
        is_wanted = self.afterwards == self.Afterwards.CREDIT_NOTE and self.invoice_id is not None
        return is_accepted and is_wanted and self.credit_note_id is None and not self.note_problem
