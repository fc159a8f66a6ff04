"""Take an endpoint out of use, and put it back: what waits, waits with it."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from organisations.models import BillingEntity, WebhookEndpoint
from organisations.notifications.outbox import queue_email
from organisations.notifications.recipients import recipients
from organisations.webhooks.announcing import SENDER


def disable(endpoint: WebhookEndpoint, *, reason: str) -> None:
    """Nothing is sent to it from now on, and its owner is told by e-mail. The caller has locked its row."""
    take_out_of_use(endpoint, reason=reason)
    seller = (
        endpoint.organisation.billing_entity
        if endpoint.organisation
        else BillingEntity.objects.filter(is_default=True).first()
    )
    if endpoint.organisation is not None:
        to = recipients(endpoint.organisation, "webhook_endpoint_disabled")
    else:
        to = [seller.email] if seller and seller.email else []
    if not to:
        return
    queue_email(
        organisation=endpoint.organisation,
        kind="webhook_endpoint_disabled",
        dedupe_key=f"webhook_endpoint_disabled:{endpoint.pk}:{endpoint.disabled_at:%Y-%m-%dT%H:%M:%S}",
        recipients=to,
        sender=seller.email if seller else "",
        context={
            "endpoint": endpoint,
            "page": f"{settings.SITE_URL}{reverse('admin:organisations_webhookendpoint_change', args=[endpoint.pk])}",
        },
    )


def take_out_of_use(endpoint: WebhookEndpoint, *, reason: str, by: str = "") -> None:
    """The same, without an e-mail."""
    endpoint.disabled_by = by[:200]
    endpoint.status, endpoint.disabled_at = WebhookEndpoint.Status.DISABLED, clock.now()
    endpoint.disabled_reason = reason[:500]
    endpoint.save(update_fields=["status", "disabled_at", "disabled_reason", "disabled_by", "updated_at"])


@transaction.atomic
def disable_endpoint(*, endpoint_id: UUID, reason: str, by: str) -> WebhookEndpoint:
    """For a person, who may enable it again. Raises DomainError ENDPOINT_DISABLED for one that is disabled already."""
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.locked().get(pk=endpoint_id)
    if not endpoint.is_active:
        raise DomainError("The endpoint is disabled already.", code="ENDPOINT_DISABLED")
    take_out_of_use(endpoint, reason=reason or "Somebody disabled it.", by=by or "API")
    return endpoint


@transaction.atomic
def enable_endpoint(*, endpoint_id: UUID) -> WebhookEndpoint:
    """Use an endpoint again: what waited for it is sent, in order. What happened meanwhile is told by a replay.

    Raises DomainError ENDPOINT_ACTIVE for one that is in use.
    """
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.locked().get(pk=endpoint_id)
    if endpoint.is_active:
        raise DomainError("The endpoint is in use already.", code="ENDPOINT_ACTIVE")
    endpoint.status, endpoint.disabled_at = WebhookEndpoint.Status.ACTIVE, None
    endpoint.disabled_reason, endpoint.disabled_by = "", ""
    endpoint.failing_since = endpoint.quiet_until = None
    columns = ["status", "disabled_at", "disabled_reason", "disabled_by", "failing_since", "quiet_until", "updated_at"]
    endpoint.save(update_fields=columns)
    SENDER.wake_on_commit()
    return endpoint
