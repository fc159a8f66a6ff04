"""Samples of the e-mails about webhook endpoints."""

from __future__ import annotations

from organisations.models import WebhookEndpoint
from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

WHEN = {
    "webhook_endpoint_disabled": "When an endpoint has taken nothing for days, or says that it wants no more.",
}


def samples(brand: Brand) -> Samples:
    endpoint = WebhookEndpoint(
        url="https://hooks.customer.example/billing",
        disabled_reason="The receiver answered 410: it wants no more messages.",
    )
    return {"webhook_endpoint_disabled": {"endpoint": endpoint, "page": "https://billing.example/endpoint"}}


EXPLAINED = Explained(WHEN, samples)
