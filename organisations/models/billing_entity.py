"""The seller: the legal entity whose name, GSTIN and number series stand on the invoice."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib.models import BaseModel
from organisations.models.address import PartyFields
from organisations.validators import validate_colour, validate_prefix, validate_time_zone


class BillingEntity(BaseModel, PartyFields):
    name = models.CharField(max_length=100, unique=True, help_text="How operators call it.")
    email = models.EmailField(help_text="Sender and contact of the documents.")
    phone = models.CharField(max_length=30, blank=True)
    time_zone = models.CharField(
        max_length=50,
        default="Asia/Kolkata",
        validators=[validate_time_zone],
        help_text="Dates of documents and the financial year are counted here.",
    )
    lut_number = models.CharField("LUT number", max_length=50, blank=True, help_text="ARN of the undertaking.")
    lut_valid_from = models.DateField("LUT valid from", null=True, blank=True)
    lut_valid_to = models.DateField("LUT valid to (last day)", null=True, blank=True)
    invoice_prefix = models.CharField(max_length=3, default="INV", validators=[validate_prefix])
    credit_note_prefix = models.CharField(max_length=3, default="CN", validators=[validate_prefix])
    default_sac = models.CharField("default SAC", max_length=6, default="998315")
    bank_name = models.CharField(max_length=100, blank=True)
    bank_account_number = models.CharField(max_length=40, blank=True)
    bank_ifsc = models.CharField("IFSC", max_length=11, blank=True)
    upi_id = models.CharField("UPI id", max_length=100, blank=True)
    logo = models.ImageField(upload_to="logos/", blank=True)
    brand_colour = models.CharField(max_length=7, default="#1f4e79", validators=[validate_colour])
    is_default = models.BooleanField(default=False, help_text="Seller of organisations that name none.")

    class Meta:
        verbose_name_plural = "billing entities"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_entity"),
            models.UniqueConstraint(
                fields=["gstin", "invoice_prefix"],
                condition=~Q(gstin=""),
                name="one_invoice_series_per_gstin",
                violation_error_message="Another billing entity numbers its invoices under this GSTIN and prefix.",
            ),
            models.CheckConstraint(
                condition=Q(lut_number="") | Q(lut_valid_from__isnull=False, lut_valid_to__isnull=False),
                name="lut_has_validity",
            ),
        ]

    def __str__(self) -> str:
        return self.name
