"""Samples of the e-mails about webhook endpoints."""

from __future__ import annotations

from datetime import date

from organisations.models import WebhookEndpoint
from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

WHEN = {
    "portal_link": "When an operator mails a link to the customer's portal, or the customer asks for one.",
    "webhook_endpoint_disabled": "When an endpoint has taken nothing for days, or says that it wants no more.",
}


def samples(brand: Brand) -> Samples:
    endpoint = WebhookEndpoint(
        url="https://hooks.customer.example/billing",
        disabled_reason="The receiver answered 410: it wants no more messages.",
    )
    return {
        "portal_link": {
            "customer": "Acme Private Limited",
            "seller": brand.name,
            "portal_url": "https://billing.example/portal",
            "until": date(2026, 12, 31),
        },
        "webhook_endpoint_disabled": {"endpoint": endpoint, "page": "https://billing.example/endpoint"},
    }


EXPLAINED = Explained(WHEN, samples)
