"""Webhook events and their way to the merchant."""

from __future__ import annotations

from typing import Any

from django.db import models

from billing_platform.local.razorpay import identifiers


class Event(models.Model):
    """One webhook event: the exact bytes, and the secret that was current when it happened."""

    event_id = models.CharField(max_length=20, unique=True, default=identifiers.random_text)
    name = models.CharField(max_length=60)
    body = models.TextField()
    secret = models.CharField(max_length=200, blank=True)
    created_at = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.event_id}"


class Delivery(models.Model):
    """One copy of an event on its way; a duplicate is a second row of the same event."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        GIVEN_UP = "given_up"  # a day of failures
        NOT_SENT = "not_sent"  # no endpoint, or it was disabled

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    due_at = models.BigIntegerField(db_index=True)
    attempts: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)

    class Meta:
        ordering = ["due_at", "pk"]

    def __str__(self) -> str:
        return f"{self.event} ({self.status})"
