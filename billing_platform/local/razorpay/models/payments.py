"""Orders, payments, refunds and payment links."""

from __future__ import annotations

from django.db import models

from billing_platform.local.razorpay import identifiers


class Order(models.Model):
    class Status(models.TextChoices):
        CREATED = "created"
        ATTEMPTED = "attempted"
        PAID = "paid"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_order_id)
    amount = models.BigIntegerField()
    amount_paid = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    receipt = models.CharField(max_length=40, null=True, db_index=True)  # noqa: DJ001
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    attempts = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=dict)
    partial_payment = models.BooleanField(default=False)
    first_payment_min_amount = models.BigIntegerField(null=True)
    automatic_capture = models.BooleanField(default=True)
    automatic_expiry_minutes = models.PositiveIntegerField(default=3 * 24 * 60)
    manual_expiry_minutes = models.PositiveIntegerField(default=7200)
    options = models.JSONField(default=dict)  # customer, method, token, notification, offer
    created_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount_due(self) -> int:
        return self.amount - self.amount_paid

    @property
    def asks_for_mandate(self) -> bool:
        return "token" in self.options

    def link(self) -> PaymentLink | None:
        link: PaymentLink | None = getattr(self, "paymentlink", None)
        return link


class Payment(models.Model):
    class Status(models.TextChoices):
        CREATED = "created"
        AUTHORIZED = "authorized"
        CAPTURED = "captured"
        REFUNDED = "refunded"
        FAILED = "failed"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_payment_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    amount = models.BigIntegerField()
    fee_on_top = models.BigIntegerField(default=0)  # what of the amount the payer pays for the fee
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED, db_index=True)
    captured = models.BooleanField(default=False)
    amount_refunded = models.BigIntegerField(default=0)
    method = models.CharField(max_length=20)
    instrument = models.JSONField(default=dict)  # card, bank, wallet, vpa, upi, acquirer_data
    email = models.CharField(max_length=254)
    contact = models.CharField(max_length=20)
    description = models.CharField(max_length=2048, null=True)  # noqa: DJ001
    notes = models.JSONField(default=dict)
    fee = models.BigIntegerField(null=True)
    tax = models.BigIntegerField(null=True)
    error = models.JSONField(default=dict)
    created_at = models.BigIntegerField(db_index=True)
    captured_at = models.BigIntegerField(null=True)
    late_at = models.BigIntegerField(null=True)  # when a failed payment turns out authorised
    release_at = models.BigIntegerField(null=True)  # when an uncaptured one is refunded
    customer = models.ForeignKey("Customer", on_delete=models.PROTECT, null=True, related_name="payments")
    token = models.ForeignKey("Token", on_delete=models.PROTECT, null=True, related_name="payments")
    recurring = models.BooleanField(default=False)  # a debit of a mandate; the payer is not there
    debit_at = models.BigIntegerField(null=True, db_index=True)  # when the bank will answer to it
    approve_by = models.BigIntegerField(null=True)  # the payer must authenticate this debit until then

    def __str__(self) -> str:
        return self.public_id

    @property
    def refundable(self) -> int:
        return self.amount - self.amount_refunded


class Refund(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        PROCESSED = "processed"
        FAILED = "failed"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_refund_id)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    speed_requested = models.CharField(max_length=10, default="normal")
    is_slowed = models.BooleanField(default=False)  # the bank could not do it at once after all
    receipt = models.CharField(max_length=40, null=True)  # noqa: DJ001
    notes = models.JSONField(default=dict)
    arn = models.CharField(max_length=40, null=True)  # noqa: DJ001
    created_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.public_id


class IdempotencyKey(models.Model):
    """An X-Refund-Idempotency key; without a refund, its request is still under way."""

    key = models.CharField(max_length=200, unique=True)
    fingerprint = models.CharField(max_length=64)
    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, null=True)


class PaymentLink(models.Model):
    class Status(models.TextChoices):
        CREATED = "created"
        PARTIALLY_PAID = "partially_paid"
        PAID = "paid"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    public_id = models.CharField(max_length=40, unique=True, default=identifiers.new_payment_link_id)
    short_code = models.CharField(max_length=20, unique=True, default=identifiers.random_text)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, null=True)
    amount = models.BigIntegerField()
    amount_paid = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status, default=Status.CREATED)
    accept_partial = models.BooleanField(default=False)
    first_min_partial_amount = models.BigIntegerField(default=0)
    description = models.TextField(blank=True, default="")
    reference_id = models.CharField(max_length=40, blank=True, default="")
    customer = models.JSONField(default=dict)
    notify = models.JSONField(default=dict)
    reminder_enable = models.BooleanField(default=True)
    notes = models.JSONField(default=dict)
    callback_url = models.CharField(max_length=2000, blank=True, default="")
    callback_method = models.CharField(max_length=5, blank=True, default="")
    expire_by = models.BigIntegerField(default=0)  # as asked for; 0 is Razorpay's six months
    expires_at = models.BigIntegerField()
    expired_at = models.BigIntegerField(default=0)
    cancelled_at = models.BigIntegerField(default=0)
    created_at = models.BigIntegerField(db_index=True)
    updated_at = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reference_id"],
                condition=~models.Q(reference_id=""),
                name="sandbox_link_reference_unique",
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_payable(self) -> bool:
        return self.status in (self.Status.CREATED, self.Status.PARTIALLY_PAID)
