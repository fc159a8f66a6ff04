"""What operators hear of messages that were given up."""

from __future__ import annotations

from organisations.models import BillingEntity
from payments import emails
from payments.models import GatewayAccount, InboundWebhook

MOST_COUNTED = 1000


def mail_given_up() -> None:
    """Tell each seller, once an hour in which a message was given up, however many were."""
    given_up = InboundWebhook.objects.given_up().select_related("gateway_account__billing_entity")
    by_account: dict[GatewayAccount | None, list[InboundWebhook]] = {}
    for webhook in given_up.order_by("-updated_at")[:MOST_COUNTED]:
        by_account.setdefault(webhook.gateway_account, []).append(webhook)
    for account, webhooks in by_account.items():
        seller = account.billing_entity if account else BillingEntity.objects.filter(is_default=True).first()
        if seller is not None:
            emails.queue_webhooks_failed(seller, webhooks, counted=_counted(len(webhooks)))


def _counted(number: int) -> str:
    if number == 1:
        return "A message"
    return f"{number:,}{' or more' if number == MOST_COUNTED else ''} messages"
