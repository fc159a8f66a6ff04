"""Which part of a payment is credited to which invoice, and which part was taken back again."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel
from payments.models.payment import Payment, net_is_allocated

_LIMITS = """
    -- In an old snapshot the sums below would miss rows of others, whatever is locked.
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'Allocations are written in read committed or serializable transactions only.';
    END IF;
    -- The locks come first: two inserts at once would each see a sum without the other. Payment before invoice,
    -- as in the services.
    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id FOR UPDATE;
    SELECT * INTO owed FROM invoicing_invoice WHERE id = NEW.invoice_id FOR UPDATE;
    IF paid.paid_at IS NULL THEN
        RAISE EXCEPTION 'Payment % has not been captured.', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF paid.currency IS DISTINCT FROM owed.currency OR paid.organisation_id IS DISTINCT FROM owed.organisation_id THEN
        RAISE EXCEPTION 'Payment % can not be credited to invoice %: another currency or customer.',
            NEW.payment_id, NEW.invoice_id USING ERRCODE = 'check_violation';
    END IF;
    IF COALESCE(paid.billing_entity_id, (SELECT billing_entity_id FROM invoicing_invoice WHERE id = paid.invoice_id))
       IS DISTINCT FROM owed.billing_entity_id THEN
        RAISE EXCEPTION 'Payment % can not be credited to invoice %: another seller received it.',
            NEW.payment_id, NEW.invoice_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.amount < 0 THEN
        IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation
                         WHERE payment_id = NEW.payment_id AND invoice_id = NEW.invoice_id) < 0 THEN
            RAISE EXCEPTION 'Payment % did not credit that much to invoice %.', NEW.payment_id, NEW.invoice_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF owed.status IN ('draft', 'void') THEN
        RAISE EXCEPTION 'Invoice % is no document, or void: nothing is credited to it.', NEW.invoice_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE payment_id = NEW.payment_id)
       > paid.amount - paid.payer_fee THEN
        RAISE EXCEPTION 'Payment % is smaller than its allocations.', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.amount + (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE invoice_id = NEW.invoice_id)
       > owed.total - owed.amount_credited THEN
        RAISE EXCEPTION 'Invoice % is smaller than its allocations.', NEW.invoice_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


_PAID_IS_CREDITED = """
    IF (SELECT amount_paid FROM invoicing_invoice WHERE id = {invoice_id}) IS DISTINCT FROM
       (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE invoice_id = {invoice_id})
    THEN
        RAISE EXCEPTION 'What is paid of invoice % is the sum of its allocations.', {invoice_id}
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


class PaidInvoice(Invoice):
    """An invoice to payments: at the end of a transaction its paid total is the sum of its allocations."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [
            pgtrigger.Trigger(
                name="paid_is_what_is_credited",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("amount_paid"),  # type: ignore[no-untyped-call]  # no types
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__amount_paid__df=pgtrigger.F("new__amount_paid")),
                func=_PAID_IS_CREDITED.format(invoice_id="NEW.id"),
            ),
        ]


class PaymentAllocation(BaseModel, TenantModel):
    """Σ allocations ≤ payment less what went back, and ≤ invoice total less its credit notes; and what is paid of an
    invoice is the sum of its allocations. The database checks all three, whoever writes a row.

    A row is never changed: what is taken back is a row with the negated amount. Example: 1,180.00 is credited, 180.00
    is given back: rows of 1,180.00 (credit) and −180.00 (refund). Only the operator's answer, whether the invoice asks
    for that money again, is written onto the refund's row.
    """

    tenant_path = "invoice__organisation"

    class Kind(models.TextChoices):
        CREDIT = "credit", "Credited"
        REFUND = "refund", "Given back"
        RESTORED = "restored", "Refund failed"
        REVERSAL = "reversal", "Reversed"
        CREDIT_NOTE = "credit_note", "Taken back by a credit note"
        DISPUTE = "dispute", "Lost in a dispute"
        DISPUTE_WON = "dispute_won", "Dispute won"
        UNALLOCATED = "unallocated", "Taken off by an operator"

    class Answer(models.TextChoices):
        OPEN = "open", "Waits for a decision"
        ASKED_AGAIN = "asked_again", "Asked for again"
        LEFT = "left", "Left refunded"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.CREDIT)
    amount = MoneyField()
    answer = models.CharField(
        max_length=11,
        choices=Answer,
        blank=True,
        help_text="Of a refund: whether the invoice asks for the money again.",
    )

    reason = models.TextField(blank=True, help_text="Why an operator took it off the invoice.")

    class Meta:
        verbose_name = "allocation"
        ordering = ["created_at"]
        indexes = [
            models.Index(fields=["invoice"], condition=Q(answer="open"), name="allocation_to_decide"),
            models.Index(fields=["created_at"], name="allocation_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["credit", "restored", "dispute_won"], amount__gt=0)
                | Q(kind__in=["refund", "reversal", "credit_note", "dispute", "unallocated"], amount__lt=0),
                name="allocation_sign_fits_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="refund") & ~Q(answer="") | ~Q(kind="refund") & Q(answer=""),
                name="allocation_answer_is_about_a_refund",
            ),
            models.CheckConstraint(
                condition=Q(kind="unallocated") & ~Q(reason="") | ~Q(kind="unallocated") & Q(reason=""),
                name="who_takes_an_allocation_off_says_why",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="only_the_answer_changes",
                fields=["id", "payment", "invoice", "kind", "amount", "reason", "created_at"],
            ),
            pgtrigger.FSM(
                name="answered_once",
                field="answer",
                transitions=[("open", "asked_again"), ("open", "left"), ("left", "asked_again")],
            ),
            no_truncate(),
            pgtrigger.Trigger(
                name="within_payment_and_invoice",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("paid", "payments_payment%ROWTYPE"), ("owed", "invoicing_invoice%ROWTYPE")],
                func=_LIMITS,
            ),
            pgtrigger.Trigger(
                name="what_is_credited_did_not_go_back",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=net_is_allocated("NEW.payment_id"),
            ),
            pgtrigger.Trigger(
                name="paid_is_what_is_credited",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=_PAID_IS_CREDITED.format(invoice_id="NEW.invoice_id"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment.shown(self.amount)} for {self.invoice}"


def given_back(rows: Iterable[PaymentAllocation]) -> Decimal:
    """What of one payment was taken from one invoice, and neither came back nor is asked for again; oldest row first.

    Row by row, because a refund that failed brings back only what was given back before it, and nothing of a refund
    that came after it.
    """
    standing = ZERO
    for row in rows:
        if row.kind == PaymentAllocation.Kind.RESTORED:
            standing = max(standing - row.amount, ZERO)
        elif row.kind == PaymentAllocation.Kind.REFUND and row.answer != PaymentAllocation.Answer.ASKED_AGAIN:
            standing -= row.amount
    return standing
