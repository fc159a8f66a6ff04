"""Customers, their mandates (Razorpay says tokens) and the links that ask for one."""

from __future__ import annotations

from django.db import models

from billing_platform.local.razorpay import identifiers
from billing_platform.local.razorpay.models.payments import Order


class Customer(models.Model):
    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_customer_id)
    name = models.CharField(max_length=50, null=True)  # noqa: DJ001
    email = models.CharField(max_length=64, null=True, db_index=True)  # noqa: DJ001
    contact = models.CharField(max_length=15, null=True)  # noqa: DJ001
    gstin = models.CharField(max_length=15, null=True)  # noqa: DJ001
    notes = models.JSONField(default=dict)
    created_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.public_id


class Token(models.Model):
    """A mandate: the payer lets the merchant debit a card, a UPI address or a bank account."""

    class Status(models.TextChoices):
        INITIATED = "initiated"
        CONFIRMED = "confirmed"
        REJECTED = "rejected"
        PAUSED = "paused"
        CANCELLED = "cancelled"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_token_id)
    token = models.CharField(max_length=20, default=identifiers.random_text)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="tokens")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="tokens")
    method = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status, default=Status.INITIATED)
    failure_reason = models.CharField(max_length=200, null=True)  # noqa: DJ001
    max_amount = models.BigIntegerField()
    frequency = models.CharField(max_length=20)
    auth_type = models.CharField(max_length=20, null=True)  # noqa: DJ001
    instrument = models.JSONField(default=dict)  # card, bank, vpa, bank_details
    created_at = models.BigIntegerField(db_index=True)
    used_at = models.BigIntegerField(null=True)
    expires_at = models.BigIntegerField()
    deleted_at = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.public_id


class RegistrationLink(models.Model):
    """Razorpay keeps it as an invoice: one page where a payer gives a mandate."""

    class Status(models.TextChoices):
        ISSUED = "issued"
        PAID = "paid"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_invoice_id)
    short_code = models.CharField(max_length=20, unique=True, default=identifiers.random_text)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="registration")
    status = models.CharField(max_length=10, choices=Status, default=Status.ISSUED)
    description = models.CharField(max_length=2048, null=True)  # noqa: DJ001
    email_notify = models.BooleanField(default=True)
    sms_notify = models.BooleanField(default=True)
    notes = models.JSONField(default=dict)
    expire_by = models.BigIntegerField(null=True)
    paid_at = models.BigIntegerField(null=True)
    cancelled_at = models.BigIntegerField(null=True)
    expired_at = models.BigIntegerField(null=True)
    created_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.public_id
