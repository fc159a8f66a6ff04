"""A customer as Razorpay knows it: whom a mandate belongs to. And whether the customer is collected from by mandate."""

from __future__ import annotations

from django.db import models

from billing_platform.lib.database.models import BaseModel
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel
from payments.models.gateway_account import GatewayAccount


class PayerAccount(BaseModel, TenantModel):
    """Razorpay's customer of one e-mail address and phone, at one seller's account. Another phone is another
    customer there."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="payer_accounts"
    )
    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="payer_accounts"
    )
    email = models.EmailField()
    phone = models.CharField(max_length=16)
    gateway_account = models.ForeignKey(
        GatewayAccount,
        verbose_name="Razorpay account",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payer_accounts",
        help_text="Empty: the keys of the environment.",
    )
    razorpay_customer_id = models.CharField("Razorpay customer", max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "billing_entity", "gateway_account", "email", "phone"],
                nulls_distinct=False,
                name="payer_account_once_per_contact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}, {self.phone}"


class AutoCollect(BaseModel, TenantModel):
    """The switch of a customer: off, its invoices are not collected by mandate. Without a row it is on."""

    organisation = models.OneToOneField(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="auto_collect"
    )
    is_on = models.BooleanField("auto-collect", default=True)

    class Meta:
        permissions = [("switch_autocollect", "Can switch auto-collect on and off")]

    def __str__(self) -> str:
        return f"Auto-collect {'on' if self.is_on else 'off'}"
