"""Who hears of a customer's technical matters: a contact, and an endpoint that waits for its receiver, which
`make run` starts. Nothing of the demo leaves the machine."""

from __future__ import annotations

from organisations.models import Organisation
from organisations.notifications.suppressing import suppress
from organisations.services.contacts import add_contact
from organisations.webhooks.disabling import disable_endpoint
from organisations.webhooks.endpoints import create_endpoint
from organisations.webhooks.replaying import send_test


def name_contact(organisation: Organisation) -> None:
    """A contact for technical matters, and an address that bounces."""
    email = "platform@nandi-logistics.example"
    add_contact(organisation=organisation, purpose="technical", email=email, name="Platform team")
    suppress("ravi@nandi-logistics.example", reason="bounced", detail="550 5.1.1 no such user", notification=None)


def listen(organisation: Organisation) -> dict[str, str]:
    """What happens from now on is stored for the endpoint. Returns its id, and the secret that the receiver needs."""
    made = create_endpoint(
        organisation=organisation,
        url="https://hooks.nandi.example/billing",
        description="Books invoices in our ERP",
        event_types=["invoice.finalized", "invoice.paid", "credit_note.issued"],
    )
    send_test(endpoint_id=made.endpoint.pk)
    disable_endpoint(endpoint_id=made.endpoint.pk, reason="The receiver is not ready yet.", by="admin")
    return {"receiver_endpoint": str(made.endpoint.pk), "receiver_secret": made.secret}
