"""A seller's account at Razorpay: the keys that orders are made with and messages are checked against."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Self

import pgtrigger
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.sealing import BEGINNING, SealBroken, ending, unseal
from organisations.models import BillingEntity
from payments.gateways import GatewayNotConfigured, RazorpayGateway
from payments.gateways.signatures import confirms_webhook

logger = logging.getLogger(__name__)

KEY_ID = r"^rzp_(test|live)_[A-Za-z0-9]{8,40}$"
_SEALED = f"^{BEGINNING}"


class GatewayAccountQuerySet(models.QuerySet["GatewayAccount"]):
    def in_use(self) -> Self:
        return self.filter(retired_at__isnull=True)

    def in_use_since(self, moment: datetime) -> Self:
        """Also those that were retired since: what they took is still paid out, and disputed."""
        return self.filter(Q(retired_at__isnull=True) | Q(retired_at__gte=moment))


class GatewayAccount(BaseModel):
    """At most one in use for each seller. A retired one stays: its payments are captured and refunded with it.

    The secrets are sealed (`lib.sealing`), and the table refuses any that are not. No page, answer or log shows more of
    them than the last four characters.
    """

    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="gateway_accounts"
    )
    key_id = models.CharField(
        "key id", max_length=60, validators=[RegexValidator(KEY_ID, "A key id is like rzp_live_AbC123dEf456gH.")]
    )
    key_secret = models.TextField(editable=False)
    webhook_secret = models.TextField(editable=False)
    previous_webhook_secret = models.TextField(editable=False, blank=True)
    previous_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then messages signed with the previous webhook secret are accepted."
    )
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text="Nothing new is asked for with it since. What it made before goes on with it."
    )

    objects = GatewayAccountQuerySet.as_manager()

    class Meta:
        verbose_name = "Razorpay account"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["billing_entity"],
                condition=Q(retired_at__isnull=True),
                name="one_gateway_account_in_use_per_seller",
            ),
            models.CheckConstraint(condition=Q(key_id__regex=KEY_ID), name="gateway_key_id_says_test_or_live"),
            models.CheckConstraint(
                condition=Q(key_secret__regex=_SEALED, webhook_secret__regex=_SEALED)
                & (
                    Q(previous_webhook_secret="", previous_until__isnull=True)
                    | Q(previous_webhook_secret__regex=_SEALED, previous_until__isnull=False)
                ),
                name="gateway_secrets_are_sealed",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="seller_never_changes", fields=["billing_entity"]),
        ]

    def __str__(self) -> str:
        return self.key_id

    @property
    def is_live(self) -> bool:
        return self.key_id.startswith("rzp_live_")

    @property
    def gateway(self) -> RazorpayGateway:
        """Raises GatewayNotConfigured when the secret can't be read."""
        try:
            key_secret = unseal(self.key_secret)
        except SealBroken as error:
            raise GatewayNotConfigured(error.message) from error
        return RazorpayGateway(
            key_id=self.key_id,
            key_secret=key_secret,
            base_url=settings.RAZORPAY_BASE_URL,
            timeout=settings.RAZORPAY_TIMEOUT_SECONDS,
        )

    def confirms_webhook(self, *, body: bytes, signature: str) -> bool:
        """Whether this account signed a message: with its secret, or until `previous_until` with the one before.

        A secret that can't be read confirms nothing; the log says so.
        """
        sealed = [self.webhook_secret]
        if self.previous_until is not None and self.previous_until > clock.now():
            sealed.append(self.previous_webhook_secret)
        try:
            secrets = [unseal(each) for each in sealed]
        except SealBroken as error:
            logger.exception("webhook secret can't be read", extra={"account": self.key_id, "reason": error.message})
            return False
        return confirms_webhook(body=body, signature=signature, secrets=secrets)

    @property
    def key_secret_ending(self) -> str:
        return ending(self.key_secret)

    @property
    def webhook_secret_ending(self) -> str:
        return ending(self.webhook_secret)
