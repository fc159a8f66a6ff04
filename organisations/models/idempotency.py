"""Stored answers of API requests that change something, so that a retry changes nothing."""

from __future__ import annotations

from django.db import models

from billing_platform.lib.database.models import BaseModel
from organisations.models.api_key import ApiKey


class IdempotencyRecord(BaseModel):
    """One row per API key and Idempotency-Key, so that equal Idempotency-Keys of two customers don't meet."""

    api_key = models.ForeignKey(ApiKey, verbose_name="API key", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status_code = models.PositiveSmallIntegerField(null=True, help_text="Empty while the first request still runs.")
    body = models.JSONField(null=True)
    owners = models.JSONField(
        default=list, help_text="Ids of the organisations that the request was about; null for a shared object."
    )
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key", "key"], name="idempotency_key_once_per_api_key"),
        ]

    def __str__(self) -> str:
        return self.key
