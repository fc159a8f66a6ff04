"""A customer's webhook endpoint that waits for its receiver: nothing of the demo leaves the machine."""

from __future__ import annotations

from organisations.models import Organisation
from organisations.webhooks.disabling import disable_endpoint
from organisations.webhooks.endpoints import create_endpoint
from organisations.webhooks.replaying import send_test


def listen(organisation: Organisation) -> None:
    endpoint = create_endpoint(
        organisation=organisation,
        url="https://hooks.nandi.example/billing",
        description="Books invoices in our ERP",
        event_types=["invoice.finalized", "invoice.paid", "credit_note.issued"],
    ).endpoint
    send_test(endpoint_id=endpoint.pk)
    disable_endpoint(endpoint_id=endpoint.pk, reason="The receiver is not ready yet.", by="admin")
