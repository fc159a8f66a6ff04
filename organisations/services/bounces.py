"""What a person does about an e-mail that did not arrive."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.validators import require, validate_line
from organisations.audit import note
from organisations.models import Contact, Notification, SuppressedAddress
from organisations.notifications.recipients import addresses
from organisations.notifications.sending_again import resend, see_to
from organisations.notifications.suppressing import lift, suppressed
from organisations.services.contacts import update_contact
from organisations.services.onboarding import update_organisation


@transaction.atomic
def correct_and_resend(
    *, notification_id: UUID, address: str, corrected: str, by: str, is_deliverable: bool = False
) -> Notification:
    """Write the right address in place of a wrong one, wherever the customer has it (billing e-mail, contacts), and
    send the message there. With `is_deliverable` the same address is right, and allowed again.

    Raises as `resend`, InvalidInput at `corrected`, and what changing a customer raises.
    """
    notification: Notification = Notification.objects.get(pk=notification_id)
    (right,) = addresses([corrected], field="corrected")
    organisation = notification.organisation
    for row in suppressed([right]).values():
        if not is_deliverable:
            raise InvalidInput.field("corrected", f"{row.sentence}: another address is needed.")
        lift(suppressed_id=row.pk, because="Its e-mails are sent again: it is the right address.", by=by)
    if organisation is not None and right.casefold() != address.casefold():
        if organisation.billing_email.casefold() == address.casefold():
            update_organisation(organisation=organisation, confirm=True, billing_email=right)
        for contact in Contact.objects.filter(organisation=organisation, email__iexact=address):
            update_contact(contact_id=contact.pk, changes={"email": right})
    return resend(notification_id=notification.pk, to=[right], once_more=True)


@transaction.atomic
def put_aside(*, notification_id: UUID, reason: str) -> Notification:
    """A person knows that it did not arrive, and leaves it so. Raises InvalidInput for no reason."""
    if not reason.strip():
        raise InvalidInput.field("reason", "Say why it is left as it is.")
    require("reason", reason.strip(), validate_line)
    notification: Notification = Notification.objects.select_for_update().get(pk=notification_id)
    see_to([notification])
    note(notification, reason=reason.strip())
    return notification


@transaction.atomic
def allow_again(*, suppressed_id: UUID, because: str, by: str) -> SuppressedAddress:
    """Take an address off the list, with a reason. Raises as `suppressing.lift`."""
    return lift(suppressed_id=suppressed_id, because=because, by=by)
