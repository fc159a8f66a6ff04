"""Disputes: a payer's bank asks a payment back, in part or whole, and the bank decides."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.money import ZERO
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.payment import Payment

SUMMARY_LENGTH = 1000
"""What Razorpay takes as a summary of the evidence."""

_PAYMENT_LACKS_WHAT_WAS_LOST = """
        IF (SELECT COALESCE(SUM(amount_taken), 0) FROM payments_dispute
            WHERE payment_id = NEW.payment_id AND returned_at IS NULL)
           <> (SELECT amount_lost FROM payments_payment WHERE id = NEW.payment_id)
        THEN
            RAISE EXCEPTION 'Payment % does not lack what its disputes took.', NEW.payment_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """


class DisputeQuerySet(TenantQuerySet):
    def to_answer(self) -> DisputeQuerySet:
        """Razorpay waits for our answer, and nobody has given one."""
        return self.filter(status=Dispute.Status.OPEN, accepted_at__isnull=True, contested_at__isnull=True)

    def undecided(self) -> DisputeQuerySet:
        return self.filter(status__in=[Dispute.Status.OPEN, Dispute.Status.UNDER_REVIEW])


class Dispute(BaseModel, TenantModel):
    """One row per dispute at Razorpay. A payment may have several, each about a part of it.

    `amount_deducted` is what Razorpay says it deducted, `amount_taken` how much of that was still here. A dispute that
    is won after the deduction brings the money back: `returned_at`.
    """

    class Status(models.TextChoices):
        OPEN = "open", "To answer"
        UNDER_REVIEW = "under_review", "Under review"
        LOST = "lost", "Lost"
        WON = "won", "Won"
        CLOSED = "closed", "Closed"

    class Phase(models.TextChoices):
        FRAUD = "fraud", "Suspected fraud"
        RETRIEVAL = "retrieval", "Request for information"
        CHARGEBACK = "chargeback", "Chargeback"
        PRE_ARBITRATION = "pre_arbitration", "Pre-arbitration"
        ARBITRATION = "arbitration", "Arbitration"

    tenant_path = "payment__organisation"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    razorpay_dispute_id = models.CharField("Razorpay dispute", max_length=40, unique=True)
    status = models.CharField(max_length=12, choices=Status)
    phase = models.CharField(max_length=20, choices=Phase, blank=True)
    amount = MoneyField(help_text="What the payer's bank asks back.")
    currency = models.CharField(max_length=3)
    reason_code = models.CharField(max_length=100, blank=True)
    reason = models.TextField(blank=True, help_text="In Razorpay's words.")
    respond_by = models.DateTimeField(null=True, blank=True, help_text="After it Razorpay takes no answer.")
    raised_at = models.DateTimeField()
    amount_deducted = MoneyField(default=ZERO, help_text="What Razorpay says it took out of its next payout.")
    amount_taken = MoneyField(default=ZERO, help_text="How much of the payment that is: what went back before is not.")
    deducted_at = models.DateTimeField(null=True, blank=True, help_text="When we learnt of the deduction.")
    returned_at = models.DateTimeField(null=True, blank=True, help_text="When we learnt that the money came back.")
    told_at = models.DateTimeField(editable=False, help_text="When Razorpay was asked for what stands here.")
    evidence_note = models.TextField(
        blank=True, max_length=SUMMARY_LENGTH, help_text="What speaks against it, and which documents prove it."
    )
    accepted_at = models.DateTimeField(null=True, blank=True, help_text="When a person gave in.")
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    contested_at = models.DateTimeField(null=True, blank=True, help_text="When a person submitted the evidence.")
    contested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    contested_amount = MoneyField(default=ZERO, help_text="The payer gets the rest.")

    objects = DisputeQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        ordering = ["-raised_at"]
        permissions = [("answer_dispute", "Can contest a dispute with evidence, and accept it")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_is_positive"),
            models.CheckConstraint(
                condition=Q(amount_taken__gte=0, amount_taken__lte=F("amount_deducted")),
                name="dispute_takes_at_most_what_was_deducted",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(contested_at__isnull=True), name="dispute_has_one_answer"
            ),
            models.CheckConstraint(
                condition=Q(contested_at__isnull=True, contested_amount=0)
                | Q(contested_at__isnull=False, contested_amount__gt=0, contested_amount__lte=F("amount")),
                name="dispute_contests_at_most_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(deducted_at__isnull=False) | Q(amount_taken=0, returned_at__isnull=True),
                name="dispute_deducted_before_it_returns",
            ),
            models.CheckConstraint(
                condition=Q(status="won") & (Q(deducted_at__isnull=True) | Q(returned_at__isnull=False))
                | ~Q(status="won") & Q(returned_at__isnull=True),
                name="dispute_returns_if_it_is_won",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_is_disputed_never_changes",
                fields=["payment", "razorpay_dispute_id", "amount", "currency", "raised_at"],
            ),
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[
                    ("open", "under_review"),
                    ("under_review", "open"),  # the evidence did not do
                    *((before, after) for before in ("open", "under_review") for after in ("lost", "won", "closed")),
                    ("lost", "won"),  # the bank changed its mind, and the deduction comes back
                ],
            ),
            pgtrigger.Trigger(
                name="payment_lacks_what_was_lost",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("amount_taken", "returned_at"),  # type: ignore[no-untyped-call]  # no types
                timing=pgtrigger.Deferred,
                func=_PAYMENT_LACKS_WHAT_WAS_LOST,
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.razorpay_dispute_id

    @property
    def can_be_answered(self) -> bool:
        """Razorpay still takes an answer."""
        in_time = self.respond_by is None or clock.now() <= self.respond_by
        return self.status == self.Status.OPEN and not self.is_answered and in_time

    @property
    def is_answered(self) -> bool:
        """A person gave in, or contested it; Razorpay may not know yet."""
        return self.accepted_at is not None or self.contested_at is not None

    ANSWER = ("accepted_at", "accepted_by", "contested_at", "contested_by", "contested_amount")

    def forget_answer(self) -> None:
        """Razorpay did not take it, or wants another one. Does not save."""
        self.accepted_at = self.accepted_by = self.contested_at = self.contested_by = None
        self.contested_amount = ZERO

    @property
    def is_suspected_fraud(self) -> bool:
        """Losing it deducts nothing: the seller refunds the payment."""
        return self.phase == self.Phase.FRAUD


RANK = {
    Dispute.Status.OPEN: 0,
    Dispute.Status.UNDER_REVIEW: 0,
    Dispute.Status.LOST: 1,
    Dispute.Status.CLOSED: 2,
    Dispute.Status.WON: 2,
}
"""How far a dispute got: it may go back and forth before the bank decides, and not afterwards."""
