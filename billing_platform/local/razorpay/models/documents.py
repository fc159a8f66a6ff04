"""Documents that the merchant uploaded: the evidence of disputes."""

from __future__ import annotations

from django.db import models

from billing_platform.local.razorpay import identifiers


class Document(models.Model):
    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_document_id)
    purpose = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=40)
    content = models.BinaryField()
    created_at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.public_id
