"""Who hears of a customer's technical matters: a contact, and an endpoint that waits for its receiver. Nothing of the
demo leaves the machine."""

from __future__ import annotations

from organisations.models import Organisation
from organisations.notifications.suppressing import suppress
from organisations.services.contacts import add_contact
from organisations.webhooks.disabling import disable_endpoint
from organisations.webhooks.endpoints import create_endpoint
from organisations.webhooks.replaying import send_test


def listen(organisation: Organisation) -> None:
    email = "platform@nandi-logistics.example"
    add_contact(organisation=organisation, purpose="technical", email=email, name="Platform team")
    suppress("ravi@nandi-logistics.example", reason="bounced", detail="550 5.1.1 no such user", notification=None)
    endpoint = create_endpoint(
        organisation=organisation,
        url="https://hooks.nandi.example/billing",
        description="Books invoices in our ERP",
        event_types=["invoice.finalized", "invoice.paid", "credit_note.issued"],
    ).endpoint
    send_test(endpoint_id=endpoint.pk)
    disable_endpoint(endpoint_id=endpoint.pk, reason="The receiver is not ready yet.", by="admin")
