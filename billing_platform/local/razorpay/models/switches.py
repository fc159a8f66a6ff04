"""What the control API turns: the clock, the outcomes, the way webhooks travel, and the faults."""

from __future__ import annotations

import threading

from django.conf import settings
from django.db import models

_read = threading.local()


class State(models.Model):
    """The one row of switches that the control API turns."""

    class RefundOutcome(models.TextChoices):
        PROCESSED = "processed"
        PENDING = "pending"
        FAILED = "failed"

    class MandateOutcome(models.TextChoices):
        CONFIRMED = "confirmed"
        INITIATED = "initiated"
        REJECTED = "rejected"

    class RecurringOutcome(models.TextChoices):
        CAPTURED = "captured"
        FAILED = "failed"
        PENDING = "pending"

    class NotificationOutcome(models.TextChoices):
        DELIVERED = "delivered"
        FAILED = "failed"

    clock_offset = models.BigIntegerField(default=0)
    webhook_url = models.CharField(max_length=500, blank=True, default="")
    webhook_secret = models.CharField(max_length=200, blank=True, default="")
    webhook_enabled = models.BooleanField(default=True)
    healthy_at = models.BigIntegerField(default=0)  # last success, or when it was switched on
    retry_base_seconds = models.PositiveIntegerField(default=15)
    duplicate = models.PositiveIntegerField(default=0)  # extra copies of every delivery
    reorder = models.BooleanField(default=False)  # events of one act arrive last first
    hold_webhooks = models.BooleanField(default=False)  # nothing is sent until it is released
    delay_seconds = models.PositiveIntegerField(default=0)
    late_after_seconds = models.PositiveIntegerField(default=15)  # 0: only when told to
    refund_outcome = models.CharField(max_length=10, choices=RefundOutcome, default=RefundOutcome.PROCESSED)
    mandate_outcome = models.CharField(max_length=10, choices=MandateOutcome, default=MandateOutcome.CONFIRMED)
    notification_outcome = models.CharField(
        max_length=10, choices=NotificationOutcome, default=NotificationOutcome.DELIVERED
    )
    recurring_outcome = models.CharField(max_length=10, choices=RecurringOutcome, default=RecurringOutcome.CAPTURED)
    recurring_reason = models.CharField(max_length=60, default="insufficient_funds")
    recurring_after_seconds = models.PositiveIntegerField(null=True, blank=True)  # null: as long as banks take
    settle_automatically = models.BooleanField(default=True)
    unique_receipts = models.BooleanField(default=False)
    allow_overpayment = models.BooleanField(default=False)
    fee_bearer_customer = models.BooleanField(default=False)  # the payer pays the fee on top of the order
    hide_fees_in_webhooks = models.BooleanField(default=False)
    balance_empty = models.BooleanField(default=False)
    max_amount = models.BigIntegerField(null=True, blank=True)

    @classmethod
    def load(cls) -> State:
        """The switches, read once in a request or in a turn of the background thread."""
        state: State | None = getattr(_read, "state", None)
        if state is None:
            state, _ = cls.objects.get_or_create(
                pk=1,
                defaults={
                    "webhook_url": settings.SANDBOX_WEBHOOK_URL,
                    "webhook_secret": settings.RAZORPAY_WEBHOOK_SECRET,
                },
            )
            _read.state = state
        return state

    @staticmethod
    def forget() -> None:
        """Read them anew next time: another thread may have turned one."""
        _read.state = None


class Fault(models.Model):
    """A trap: the next matching requests go wrong in the given way."""

    class Kind(models.TextChoices):
        SLOW = "slow"
        TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
        TIMEOUT_BEFORE = "timeout_before"
        DROP_BEFORE = "drop_before"
        DROP_AFTER_COMMIT = "drop_after_commit"
        TOO_MANY_JSON = "429_json"
        TOO_MANY_EMPTY = "429_empty"
        TOO_MANY_RETRY_AFTER = "429_retry_after"
        BAD_GATEWAY_HTML = "502_html"
        BAD_GATEWAY_AFTER_COMMIT = "502_after_commit"
        UNAVAILABLE = "503"
        GATEWAY_TIMEOUT_HTML = "504_html"
        SERVER_ERROR = "500"
        SERVER_ERROR_AFTER_COMMIT = "500_after_commit"
        GATEWAY_ERROR = "gateway_error"
        GATEWAY_ERROR_AFTER_COMMIT = "gateway_error_after_commit"
        CUT_JSON_AFTER_COMMIT = "cut_json_after_commit"
        NEW_PAYMENT = "new_payment"

    match = models.CharField(max_length=200)
    kind = models.CharField(max_length=30, choices=Kind)
    remaining = models.PositiveIntegerField(default=1)
    seconds = models.PositiveIntegerField(default=3)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} on {self.match}"
