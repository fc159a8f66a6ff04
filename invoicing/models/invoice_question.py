"""What a customer asks about an invoice or one of its lines, and what it is answered."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib.database.append_only import append_only, no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import validate_paragraphs
from invoicing.models.invoice import Invoice
from invoicing.models.invoice_line import InvoiceLine
from organisations.scoping import TenantModel, TenantQuerySet

QUESTION_LENGTH = 2000
_IS_OF_ITS_INVOICE = """
    IF NEW.line_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM invoicing_invoiceline WHERE id = NEW.line_id AND invoice_id = NEW.invoice_id) THEN
        RAISE EXCEPTION 'Line % is of another invoice.', NEW.line_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""
_IS_OPEN = """
    SELECT status INTO stage FROM invoicing_invoicequestion WHERE id = NEW.question_id FOR SHARE;
    IF stage = 'closed' THEN
        RAISE EXCEPTION 'Question % is closed.', NEW.question_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class InvoiceQuestionQuerySet(TenantQuerySet):
    def to_answer(self) -> Self:
        return self.filter(status=InvoiceQuestion.Status.OPEN)

    def not_closed(self) -> Self:
        return self.exclude(status=InvoiceQuestion.Status.CLOSED)


class InvoiceQuestion(BaseModel, TenantModel):
    """Open while the customer waits, answered once the seller has written last, closed when a person says that it is
    settled. About an invoice or one of its lines there is one at a time; who has more to ask writes into it."""

    class Status(models.TextChoices):
        OPEN = "open", "To answer"
        ANSWERED = "answered", "Answered"
        CLOSED = "closed", "Closed"

    tenant_path = "invoice__organisation"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="questions")
    line = models.ForeignKey(
        InvoiceLine,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="questions",
        help_text="Empty: about the whole invoice.",
    )
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    waits_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when the customer waits for an answer. Empty: it does not."
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=200, blank=True)

    objects = InvoiceQuestionQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "question"
        ordering = ["-created_at"]
        permissions = [("answer_invoicequestion", "Can answer and close a question")]
        indexes = [
            models.Index(fields=["waits_since"], condition=Q(status="open"), name="question_to_answer"),
        ]
        constraints = [
            models.UniqueConstraint(
                F("invoice"),
                F("line"),
                condition=~Q(status="closed"),
                nulls_distinct=False,
                name="one_question_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status="open", waits_since__isnull=False, closed_at__isnull=True, closed_by="")
                | Q(status="answered", waits_since__isnull=True, closed_at__isnull=True, closed_by="")
                | Q(status="closed", waits_since__isnull=True, closed_at__isnull=False) & ~Q(closed_by=""),
                name="question_status_tells_who_waits",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="its_subject_never_changes", fields=["invoice", "line", "created_at"]),
            pgtrigger.Protect(
                name="closed_for_good", operation=pgtrigger.Update, condition=pgtrigger.Q(old__status="closed")
            ),
            pgtrigger.Trigger(
                name="is_of_its_invoice", when=pgtrigger.Before, operation=pgtrigger.Insert, func=_IS_OF_ITS_INVOICE
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        about = f"line {self.line.position} of {self.invoice}" if self.line else str(self.invoice)
        return f"Question about {about}"

    @property
    def is_closed(self) -> bool:
        return self.status == self.Status.CLOSED


class QuestionMessage(BaseModel, TenantModel):
    """One text within a question: the customer's, or the seller's answer. It stays as it was written."""

    class Side(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        SELLER = "seller", "Seller"

    tenant_path = "question__invoice__organisation"

    question = models.ForeignKey(InvoiceQuestion, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField("from", max_length=8, choices=Side)
    text = models.TextField(max_length=QUESTION_LENGTH, validators=[validate_paragraphs])
    written_by = models.CharField(max_length=200)

    class Meta:
        verbose_name = "message of a question"
        verbose_name_plural = "messages of questions"
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(text="") & ~Q(written_by=""), name="message_says_something"),
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="its_question_is_open",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("stage", "text")],
                func=_IS_OPEN,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()}: {self.text[:60]}"
