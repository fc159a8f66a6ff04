"""Whose secret a message was signed with: the environment's, or that of a seller's account at Razorpay."""

from __future__ import annotations

from enum import Enum
from typing import Literal
from uuid import UUID

from django.conf import settings

from billing_platform.lib.errors import NotFound
from payments.gateways.signatures import confirms_webhook
from payments.inbox.messages import Ignored, Subject
from payments.models import GatewayAccount, InboundWebhook


class Nobody(Enum):
    NOBODY = "nobody"


NOBODY = Nobody.NOBODY


def who_signed(
    *, body: bytes, signature: str, account_id: UUID | None
) -> GatewayAccount | Literal[Nobody.NOBODY] | None:
    """The account, None for the environment's secret, or NOBODY. Each secret is compared in constant time.

    Retired accounts count too: a refund may be reported months later. Raises NotFound for an unknown `account_id`.
    """
    if account_id is not None:
        account = GatewayAccount.objects.filter(pk=account_id).first()
        if account is None:
            raise NotFound("There is no such Razorpay account.")
        return account if account.confirms_webhook(body=body, signature=signature) else NOBODY
    if confirms_webhook(body=body, signature=signature, secrets=settings.RAZORPAY_WEBHOOK_SECRETS):
        return None
    for account in GatewayAccount.objects.all():
        if account.confirms_webhook(body=body, signature=signature):
            return account
    return NOBODY


def refuse_strangers(webhook: InboundWebhook, subject: Subject) -> None:
    """Raises Ignored if another seller's account signed the message: its secret proves nothing about this subject.

    The environment's secret speaks for all sellers. Sellers may share one account at Razorpay, and so its secret.
    """
    signer, own = webhook.gateway_account, subject.account
    if signer is None or signer.billing_entity_id == subject.seller_id:
        return
    signature = webhook.headers.get("X-Razorpay-Signature", "")
    if own is None or not own.confirms_webhook(body=webhook.body.encode(), signature=signature):
        raise Ignored(f"It is about {subject.name} of another seller than the one whose account {signer} signed it.")
