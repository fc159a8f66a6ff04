"""Samples of the e-mails about portal links, webhook endpoints, changes of details and notes."""

from __future__ import annotations

from datetime import date

from organisations.models import WebhookEndpoint
from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

WHEN = {
    "portal_link": "When an operator mails a link to the customer's portal, or the customer asks for one.",
    "webhook_endpoint_disabled": "When an endpoint has taken nothing for days, or says that it wants no more.",
    "note_mention": "When a note about a customer names a colleague by @ and the user name.",
    "details_request_decided": "When somebody approves or rejects a change of details that the customer asked for.",
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
        "note_mention": {
            "brand": None,
            "by": "om",
            "customer": "Acme Private Limited",
            "lines": ["@olga Meera asks for bills by project. Can we?"],
            "page": "https://billing.example/admin/note",
            "name": "olga",
        },
        "details_request_decided": {
            "customer": "Ganga Foods Private Limited",
            "is_approved": True,
            "rows": [("GSTIN", "27AAACG1234A1ZK"), ("State", "27 Maharashtra")],
            "reason": "",
        },
    }


EXPLAINED = Explained(WHEN, samples)
