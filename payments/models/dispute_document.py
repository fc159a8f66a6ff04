"""What proves our side of a dispute: files that go to the payer's bank."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import Exact

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from organisations.scoping import TenantModel
from payments.models.dispute import Dispute

LARGEST = 4 * 1024 * 1024
"""Bytes of one file. Razorpay names no limit; card networks take no more."""
MOST = 10


class DisputeDocument(BaseModel, TenantModel):
    """One file. Until the evidence is submitted it may be removed; what was sent stays."""

    class Proof(models.TextChoices):
        """As Razorpay names them."""

        BILLING = "billing_proof", "Invoice or receipt"
        SERVICE = "proof_of_service", "Proof that the service was used"
        ACCESS = "access_activity_log", "Log of access"
        MESSAGES = "customer_communication", "Messages with the customer"
        EXPLANATION = "explanation_letter", "Letter of explanation"
        REFUND = "refund_confirmation", "Confirmation of a refund"
        CANCELLATION = "cancellation_proof", "Proof of cancellation"
        TERMS = "term_and_conditions", "Terms and conditions"
        OTHERS = "others", "Something else"

    class ContentType(models.TextChoices):
        PDF = "application/pdf", "PDF"
        PNG = "image/png", "PNG"
        JPEG = "image/jpeg", "JPEG"

    tenant_path = "dispute__payment__organisation"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="documents")
    proof = models.CharField("what it is", max_length=40, choices=Proof)
    name = models.CharField("file", max_length=100)
    content_type = models.CharField("type", max_length=20, choices=ContentType)
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    razorpay_document_id = models.CharField(
        "Razorpay document", max_length=40, blank=True, help_text="Once it was sent."
    )

    class Meta:
        verbose_name = "evidence"
        verbose_name_plural = "evidence"
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Exact(F("size"), Func(F("content"), function="length")), name="evidence_has_its_size"
            ),
            models.CheckConstraint(condition=Q(size__gt=0, size__lte=LARGEST), name="evidence_is_not_too_large"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="what_was_sent_stays",
                operation=pgtrigger.Delete,
                condition=~pgtrigger.Q(old__razorpay_document_id=""),
            ),
            pgtrigger.ReadOnly(
                name="a_file_never_changes",
                fields=["dispute", "proof", "name", "content_type", "content", "size", "added_by"],
            ),
            pgtrigger.Protect(
                name="sent_once",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__razorpay_document_id="")
                & pgtrigger.Q(old__razorpay_document_id__df=pgtrigger.F("new__razorpay_document_id")),
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.name
